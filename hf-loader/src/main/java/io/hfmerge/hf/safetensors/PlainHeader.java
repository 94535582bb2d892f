package io.hfmerge.hf.safetensors;

import io.hfmerge.hf.safetensors.SafetensorsHeader.Entry;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of a header as writers make it: ASCII without escapes, every tensor with dtype, shape
 * and data_offsets and nothing else. Headers have up to tens of thousands of names, all different,
 * of which a general JSON reader makes an index that costs more than all the rest. Whatever is not
 * plain, and so everything that is wrong, is left to {@link SafetensorsHeaderParser}, which says
 * what it is.
 *
 * @param entries in the order of the header; begin, end and size are not compared yet
 * @param metadata the string map {@code __metadata__}
 */
record PlainHeader(List<Entry> entries, Map<String, String> metadata) {

  /** Numbers of so many digits are below 2⁶³. */
  private static final int MAX_DIGITS = 18;

  /** Bytes that a tensor takes in a header at least: one with a name of a letter. */
  private static final int LEAST_BYTES_OF_TENSOR = 48;

  /** Reads a header, without the length in front; empty if it is not plain. */
  static Optional<PlainHeader> read(byte[] header) {
    Scanner scanner = new Scanner(header);
    return scanner.header()
        ? Optional.of(new PlainHeader(scanner.entries, scanner.metadata))
        : Optional.empty();
  }

  /** Methods return false, or what is no value, where the header is not plain. */
  private static final class Scanner {

    private final byte[] bytes;
    private final List<Entry> entries;
    private final Map<String, String> metadata = new HashMap<>();
    private final Set<String> names;
    private boolean metadataSeen;
    private int at;

    /** Mostly that of the tensor before. */
    private DType dtype = DType.F32;

    /** Numbers of the array that was read last. */
    private long[] numbers = new long[4];

    private int count;

    Scanner(byte[] bytes) {
      this.bytes = bytes;
      int most = bytes.length / LEAST_BYTES_OF_TENSOR;
      this.entries = new ArrayList<>(Math.min(most, 1 << 16));
      this.names = HashSet.newHashSet(Math.min(most, 1 << 16));
    }

    boolean header() {
      if (at >= bytes.length || bytes[at] != '{') {
        return false;
      }
      at++;
      if (!next('}')) {
        do {
          String name = string();
          if (name == null || !next(':')) {
            return false;
          }
          boolean read = name.equals(SafetensorsHeaderParser.METADATA) ? metadata() : tensor(name);
          if (!read) {
            return false;
          }
        } while (next(','));
        if (!next('}')) {
          return false;
        }
      }
      space();
      return at == bytes.length;
    }

    private boolean metadata() {
      if (metadataSeen || !next('{')) {
        return false;
      }
      metadataSeen = true;
      if (next('}')) {
        return true;
      }
      do {
        String key = string();
        if (key == null || !next(':')) {
          return false;
        }
        String value = string();
        if (value == null) {
          return false;
        }
        metadata.put(key, value);
      } while (next(','));
      return next('}');
    }

    private boolean tensor(String name) {
      if (!names.add(name) || !next('{')) {
        return false;
      }
      boolean typed = false;
      Shape shape = null;
      long begin = -1;
      long end = -1;
      do {
        if (key("dtype")) {
          if (typed || !dtype()) {
            return false;
          }
          typed = true;
        } else if (key("shape")) {
          if (shape != null || !array()) {
            return false;
          }
          shape = new Shape(dimensions());
        } else if (key("data_offsets")) {
          if (begin >= 0 || !array() || count != 2) {
            return false;
          }
          begin = numbers[0];
          end = numbers[1];
        } else {
          return false;
        }
      } while (next(','));
      if (!typed || shape == null || begin < 0 || !next('}')) {
        return false;
      }
      entries.add(new Entry(new TensorSpec(name, dtype, shape), begin, end));
      return true;
    }

    private List<Long> dimensions() {
      return switch (count) {
        case 1 -> List.of(numbers[0]);
        case 2 -> List.of(numbers[0], numbers[1]);
        default -> Arrays.stream(numbers, 0, count).boxed().toList();
      };
    }

    private boolean dtype() {
      if (!quoted(dtype.name())) {
        String name = string();
        Optional<DType> found = name == null ? Optional.empty() : DType.ofSafetensorsName(name);
        if (found.isEmpty()) {
          return false;
        }
        dtype = found.get();
      }
      return true;
    }

    private boolean key(String name) {
      return quoted(name) && next(':');
    }

    /** Steps over a string if it is this one. */
    private boolean quoted(String text) {
      space();
      int end = at + text.length() + 1;
      if (end >= bytes.length || bytes[at] != '"' || bytes[end] != '"') {
        return false;
      }
      for (int i = 0; i < text.length(); i++) {
        if (bytes[at + 1 + i] != text.charAt(i)) {
          return false;
        }
      }
      at = end + 1;
      return true;
    }

    private @Nullable String string() {
      space();
      if (at >= bytes.length || bytes[at] != '"') {
        return null;
      }
      int start = at + 1;
      int end = start;
      while (end < bytes.length && bytes[end] != '"') {
        // bytes from 0x80 on are negative
        if (bytes[end] < ' ' || bytes[end] == '\\') {
          return null;
        }
        end++;
      }
      if (end == bytes.length) {
        return null;
      }
      at = end + 1;
      return new String(bytes, start, end - start, StandardCharsets.ISO_8859_1);
    }

    private boolean array() {
      count = 0;
      if (!next('[')) {
        return false;
      }
      if (next(']')) {
        return true;
      }
      do {
        long number = number();
        if (number < 0) {
          return false;
        }
        if (count == numbers.length) {
          numbers = Arrays.copyOf(numbers, 2 * count);
        }
        numbers[count++] = number;
      } while (next(','));
      return next(']');
    }

    /** A whole number without sign or leading zero, or -1. */
    private long number() {
      space();
      int start = at;
      long number = 0;
      while (at < bytes.length && bytes[at] >= '0' && bytes[at] <= '9') {
        number = 10 * number + (bytes[at] - '0');
        at++;
      }
      int digits = at - start;
      boolean plain = digits == 1 || (digits > 1 && digits <= MAX_DIGITS && bytes[start] != '0');
      return plain ? number : -1;
    }

    /** Steps over a character, if it is next. */
    private boolean next(char wanted) {
      space();
      if (at < bytes.length && bytes[at] == wanted) {
        at++;
        return true;
      }
      return false;
    }

    private void space() {
      while (at < bytes.length
          && (bytes[at] == ' ' || bytes[at] == '\n' || bytes[at] == '\r' || bytes[at] == '\t')) {
        at++;
      }
    }
  }
}
