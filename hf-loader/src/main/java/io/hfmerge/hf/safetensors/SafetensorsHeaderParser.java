package io.hfmerge.hf.safetensors;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.hf.safetensors.SafetensorsHeader.Entry;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;

/**
 * Reads and checks the JSON header of a safetensors file, in the order of checks of the reference
 * reader, and refuses duplicate names, which the format forbids but the reference overlooks.
 *
 * <p>Dimensions and offsets beyond 2⁶³ − 1 are refused, where the reference takes unsigned numbers.
 */
final class SafetensorsHeaderParser {

  /** Limit of the reference reader, in bytes. */
  static final long MAX_HEADER_BYTES = 100_000_000;

  /** Bytes of the little-endian header length in front of the header. */
  static final int LENGTH_BYTES = 8;

  static final String METADATA = "__metadata__";

  /** Nesting that the reference's JSON reader allows; only ignored extra fields can nest at all. */
  private static final int MAX_NESTING = 128;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNameLength((int) MAX_HEADER_BYTES)
                  .maxStringLength((int) MAX_HEADER_BYTES)
                  .maxNestingDepth(MAX_NESTING)
                  .build())
          .build();

  private final String file;
  private final Set<String> names = new HashSet<>();
  private final List<Entry> entries = new ArrayList<>();
  private final Map<String, String> metadata = new HashMap<>();
  private boolean metadataSeen;

  private SafetensorsHeaderParser(String file) {
    this.file = file;
  }

  /**
   * Parses and checks a header.
   *
   * @param file name of the file, for messages
   * @param header the header's bytes, without the length in front
   * @param fileBytes length of the whole file
   * @throws MalformedCheckpointException naming file, tensor, byte, expected and found
   */
  static SafetensorsHeader parse(String file, byte[] header, long fileBytes) {
    SafetensorsHeaderParser parser = new SafetensorsHeaderParser(file);
    Optional<PlainHeader> plain = PlainHeader.read(header);
    if (plain.isPresent()) {
      parser.entries.addAll(plain.get().entries());
      parser.metadata.putAll(plain.get().metadata());
    } else {
      parser.readGeneral(header);
    }
    return parser.checked(header, fileBytes);
  }

  /** The same, without the short way for plain headers. */
  static SafetensorsHeader parseGeneral(String file, byte[] header, long fileBytes) {
    SafetensorsHeaderParser parser = new SafetensorsHeaderParser(file);
    parser.readGeneral(header);
    return parser.checked(header, fileBytes);
  }

  private void readGeneral(byte[] header) {
    checkUtf8(header);
    readJson(header);
  }

  private SafetensorsHeader checked(byte[] header, long fileBytes) {
    long dataStart = LENGTH_BYTES + (long) header.length;
    checkRanges(dataStart, fileBytes);
    return new SafetensorsHeader(dataStart, entries, metadata);
  }

  private void checkUtf8(byte[] header) {
    CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    ByteBuffer in = ByteBuffer.wrap(header);
    CharBuffer out = CharBuffer.allocate(8192);
    while (true) {
      CoderResult result = decoder.decode(in, out, true);
      if (result.isError()) {
        throw malformed(
            "header at byte %d: expected UTF-8, found byte 0x%02x",
            LENGTH_BYTES + in.position(), header[in.position()] & 0xff);
      }
      if (result.isUnderflow()) {
        break;
      }
      out.clear();
    }
    if (header.length >= 3 && (header[0] & 0xff) == 0xef && (header[1] & 0xff) == 0xbb) {
      throw malformed("header at byte 8: expected a JSON object, found a byte order mark");
    }
  }

  private void readJson(byte[] header) {
    try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), header)) {
      JsonToken first = json.nextToken();
      if (first != JsonToken.START_OBJECT) {
        throw malformed(
            "header at byte 8: expected a JSON object, found %s", describe(json, first));
      }
      while (json.nextToken() != JsonToken.END_OBJECT) {
        String name = json.currentName();
        long at = position(json);
        checkSurrogates(name, at);
        JsonToken value = json.nextToken();
        if (name.equals(METADATA)) {
          readMetadata(json, value, at);
        } else {
          readTensor(json, value, name, at);
        }
      }
      JsonToken after = json.nextToken();
      if (after != null) {
        throw malformed(
            "header at byte %d: expected nothing after the JSON object, found %s",
            position(json), describe(json, after));
      }
    } catch (JacksonException e) {
      long offset = e.getLocation() == null ? -1 : e.getLocation().getByteOffset();
      throw new MalformedCheckpointException(
          file
              + ": header at byte "
              + (LENGTH_BYTES + Math.max(offset, 0))
              + ": expected a JSON object of tensors, found invalid JSON: "
              + e.getOriginalMessage(),
          e);
    }
  }

  private void readMetadata(JsonParser json, JsonToken value, long at) {
    if (metadataSeen) {
      throw malformed("header at byte %d: %s stands twice", at, METADATA);
    }
    metadataSeen = true;
    if (value == JsonToken.VALUE_NULL) {
      return;
    }
    if (value != JsonToken.START_OBJECT) {
      throw malformed(
          "header at byte %d: %s: expected an object of strings, found %s",
          at, METADATA, describe(json, value));
    }
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String key = json.currentName();
      JsonToken token = json.nextToken();
      if (token != JsonToken.VALUE_STRING) {
        throw malformed(
            "header at byte %d: %s \"%s\": expected a string, found %s",
            position(json), METADATA, key, describe(json, token));
      }
      metadata.put(key, json.getString());
    }
  }

  private void readTensor(JsonParser json, JsonToken value, String name, long at) {
    if (!names.add(name)) {
      throw malformed("tensor \"%s\" at header byte %d: the name stands twice", name, at);
    }
    if (value != JsonToken.START_OBJECT) {
      throw malformed(
          "tensor \"%s\" at header byte %d: expected an object, found %s",
          name, at, describe(json, value));
    }
    DType dtype = null;
    List<Long> shape = null;
    List<Long> offsets = null;
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String field = json.currentName();
      JsonToken token = json.nextToken();
      switch (field) {
        case "dtype" -> {
          requireFirst(dtype, name, field, json);
          dtype = readDtype(json, token, name);
        }
        case "shape" -> {
          requireFirst(shape, name, field, json);
          shape = readNumbers(json, token, name, field);
        }
        case "data_offsets" -> {
          requireFirst(offsets, name, field, json);
          offsets = readNumbers(json, token, name, field);
          if (offsets.size() != 2) {
            throw malformed(
                "tensor \"%s\" at header byte %d: data_offsets: expected 2 numbers, found %d",
                name, position(json), offsets.size());
          }
        }
        default -> json.skipChildren();
      }
    }
    if (dtype == null || shape == null || offsets == null) {
      String missing = dtype == null ? "dtype" : shape == null ? "shape" : "data_offsets";
      throw malformed(
          "tensor \"%s\" at header byte %d: expected dtype, shape and data_offsets, found no %s",
          name, at, missing);
    }
    entries.add(
        new Entry(new TensorSpec(name, dtype, new Shape(shape)), offsets.get(0), offsets.get(1)));
  }

  private void requireFirst(@Nullable Object earlier, String name, String field, JsonParser json) {
    if (earlier != null) {
      throw malformed(
          "tensor \"%s\" at header byte %d: %s stands twice", name, position(json), field);
    }
  }

  private DType readDtype(JsonParser json, JsonToken token, String name) {
    if (token == JsonToken.VALUE_STRING) {
      var dtype = DType.ofSafetensorsName(json.getString());
      if (dtype.isPresent()) {
        return dtype.get();
      }
    }
    throw malformed(
        "tensor \"%s\" at header byte %d: dtype: expected one of %s, found %s",
        name, position(json), List.of(DType.values()), describe(json, token));
  }

  private List<Long> readNumbers(JsonParser json, JsonToken token, String name, String field) {
    if (token != JsonToken.START_ARRAY) {
      throw malformed(
          "tensor \"%s\" at header byte %d: %s: expected an array, found %s",
          name, position(json), field, describe(json, token));
    }
    List<Long> numbers = new ArrayList<>(4);
    for (JsonToken item = json.nextToken(); item != JsonToken.END_ARRAY; item = json.nextToken()) {
      boolean whole =
          item == JsonToken.VALUE_NUMBER_INT
              && json.getNumberType() != JsonParser.NumberType.BIG_INTEGER
              && !json.getString().startsWith("-");
      if (!whole) {
        throw malformed(
            "tensor \"%s\" at header byte %d: %s: expected whole numbers from 0 to 2^63-1, found %s",
            name, position(json), field, describe(json, item));
      }
      numbers.add(json.getLongValue());
    }
    return numbers;
  }

  /** Checks 6 to 10 of the reference: offsets, overflow, alignment, size, and the file's length. */
  private void checkRanges(long dataStart, long fileBytes) {
    entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
    long expectedBegin = 0;
    for (Entry entry : entries) {
      TensorSpec spec = entry.spec();
      if (entry.begin() != expectedBegin) {
        throw malformed(
            "tensor \"%s\" at data byte %d: expected begin %d, where the tensor before it ends,"
                + " found %d (%s)",
            spec.name(),
            entry.begin(),
            expectedBegin,
            entry.begin(),
            entry.begin() < expectedBegin ? "overlap" : "hole");
      }
      if (entry.end() < entry.begin()) {
        throw malformed(
            "tensor \"%s\" at data byte %d: expected an end from %d on, found %d",
            spec.name(), entry.begin(), entry.begin(), entry.end());
      }
      long size = sizeBytes(spec, entry.begin());
      if (entry.end() - entry.begin() != size) {
        throw malformed(
            "tensor \"%s\" at data byte %d: %s needs %d bytes, found %d",
            spec.name(), entry.begin(), spec.describe(), size, entry.end() - entry.begin());
      }
      expectedBegin = entry.end();
    }
    long available = fileBytes - dataStart;
    if (expectedBegin != available) {
      throw malformed(
          "data from byte %d on: expected %d bytes of tensors, found %d (%s)",
          dataStart,
          expectedBegin,
          available,
          expectedBegin > available
              ? "the file is truncated; fetch it again"
              : "bytes after the last tensor");
    }
  }

  private long sizeBytes(TensorSpec spec, long begin) {
    try {
      return spec.sizeBytes();
    } catch (ArithmeticException e) {
      throw new MalformedCheckpointException(
          file
              + ": tensor \""
              + spec.name()
              + "\" at data byte "
              + begin
              + ": the size of "
              + spec.describe()
              + " overflows 64 bits",
          e);
    } catch (IllegalArgumentException e) {
      throw new MalformedCheckpointException(
          file
              + ": tensor \""
              + spec.name()
              + "\" at data byte "
              + begin
              + ": "
              + spec.describe()
              + " does not fill whole bytes",
          e);
    }
  }

  private void checkSurrogates(String name, long at) {
    for (int i = 0; i < name.length(); i++) {
      char unit = name.charAt(i);
      boolean paired =
          Character.isHighSurrogate(unit)
              && i + 1 < name.length()
              && Character.isLowSurrogate(name.charAt(i + 1));
      if (paired) {
        i++;
      } else if (Character.isSurrogate(unit)) {
        throw malformed("header at byte %d: a name holds half a surrogate pair", at);
      }
    }
  }

  private static long position(JsonParser json) {
    return LENGTH_BYTES + json.currentTokenLocation().getByteOffset();
  }

  private static String describe(JsonParser json, @Nullable JsonToken token) {
    if (token == null) {
      return "nothing";
    }
    return switch (token) {
      case START_OBJECT -> "an object";
      case START_ARRAY -> "an array";
      case VALUE_STRING -> "\"" + abbreviate(json.getString()) + "\"";
      default -> abbreviate(json.getString());
    };
  }

  private static String abbreviate(String text) {
    return text.length() <= 60 ? text : text.substring(0, 57) + "...";
  }

  private MalformedCheckpointException malformed(String format, Object... arguments) {
    return new MalformedCheckpointException(file + ": " + format.formatted(arguments));
  }
}
