package io.hfmerge.hf.config;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.tensor.DType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A model's {@code config.json}: the whole JSON object, unknown keys and their order included, with
 * accessors that check what they read. Immutable.
 *
 * <p>Accessors take several keys, because families and releases spell the same setting differently;
 * the first key that is present counts. {@code null} counts as absent. A value of another type than
 * asked for is a {@link MalformedCheckpointException} that names file, key, expected and found.
 */
public final class ModelConfig {

  /** Largest file accepted; published configs with many labels stay below 3 MB. */
  private static final int MAX_BYTES = 50_000_000;

  private static final int MAX_QUOTED_LENGTH = 80;

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          // Python writes NaN and Infinity, and published configs contain them
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final ObjectNode tree;
  private final String source;
  private final String path;

  private ModelConfig(ObjectNode tree, String source, String path) {
    this.tree = tree;
    this.source = source;
    this.path = path;
  }

  /**
   * Reads a file.
   *
   * @throws IOException if it cannot be read
   * @throws MalformedCheckpointException if it is larger than 50 MB, not UTF-8 or not a JSON object
   */
  public static ModelConfig read(Path file) throws IOException {
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(MAX_BYTES + 1);
    }
    if (bytes.length > MAX_BYTES) {
      throw new MalformedCheckpointException(
          file + ": expected a config of at most " + MAX_BYTES + " bytes, found more");
    }
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      return parse(text, file.toString());
    } catch (CharacterCodingException e) {
      throw new MalformedCheckpointException(file + ": expected UTF-8, found other bytes", e);
    }
  }

  /**
   * Parses the text of a config.
   *
   * @param text a JSON object
   * @param source what to call it in messages, e.g. the path
   * @throws MalformedCheckpointException if the text is not one JSON object with unique keys
   */
  public static ModelConfig parse(String text, String source) {
    JsonNode node;
    try {
      node = JSON.readTree(text);
    } catch (JacksonException e) {
      throw new MalformedCheckpointException(
          source + ": expected JSON, found: " + e.getOriginalMessage(), e);
    }
    if (node instanceof ObjectNode object) {
      return new ModelConfig(object, source, "");
    }
    throw new MalformedCheckpointException(
        source + ": expected a JSON object, found " + describe(node));
  }

  /** Where it came from, as in messages. */
  public String source() {
    return source;
  }

  /** A copy of everything, in the file's order. */
  public ObjectNode tree() {
    return tree.deepCopy();
  }

  /** The family's name, {@code model_type}. */
  public Optional<String> modelType() {
    return string("model_type");
  }

  /** Class names, {@code architectures}; empty if there are none. */
  public List<String> architectures() {
    JsonNode node = tree.get("architectures");
    if (node == null || node.isNull()) {
      return List.of();
    }
    if (!node.isArray()) {
      throw malformed("architectures", "a list of class names", describe(node));
    }
    List<String> names = new ArrayList<>();
    for (JsonNode name : node) {
      if (!name.isString()) {
        throw malformed("architectures", "a list of class names", describe(node));
      }
      names.add(name.stringValue());
    }
    return List.copyOf(names);
  }

  /**
   * The element type that the weights are meant for, {@code dtype} or {@code torch_dtype}; empty
   * where the config leaves it open, which includes {@code auto} and names this program does not
   * know.
   */
  public Optional<DType> dtype() {
    return string("dtype", "torch_dtype").flatMap(DType::ofTorchName);
  }

  /** Whether one of the keys is present and not null. */
  public boolean has(String... keys) {
    return find(keys) != null;
  }

  /** A whole number; JSON numbers with a fraction or an exponent are not. */
  public OptionalLong integer(String... keys) {
    Entry entry = find(keys);
    if (entry == null) {
      return OptionalLong.empty();
    }
    if (!entry.value.isIntegralNumber() || !entry.value.canConvertToLong()) {
      throw malformed(entry.key, "a whole number", describe(entry.value));
    }
    return OptionalLong.of(entry.value.longValue());
  }

  /** A whole number from 1 to {@code limit}. */
  public OptionalInt count(int limit, String... keys) {
    Entry entry = find(keys);
    if (entry == null) {
      return OptionalInt.empty();
    }
    OptionalLong value =
        entry.value.isIntegralNumber() && entry.value.canConvertToLong()
            ? OptionalLong.of(entry.value.longValue())
            : OptionalLong.empty();
    if (value.isEmpty() || value.getAsLong() < 1 || value.getAsLong() > limit) {
      throw malformed(entry.key, "a whole number from 1 to " + limit, describe(entry.value));
    }
    return OptionalInt.of(Math.toIntExact(value.getAsLong()));
  }

  /** A whole number from 1 to {@code limit} that must be there. */
  public int requiredCount(int limit, String... keys) {
    return count(limit, keys)
        .orElseThrow(() ->
            malformed(String.join(" or ", keys), "a whole number from 1 to " + limit, "nothing"));
  }

  /** A finite number. */
  public OptionalDouble number(String... keys) {
    Entry entry = find(keys);
    if (entry == null) {
      return OptionalDouble.empty();
    }
    if (!entry.value.isNumber() || !Double.isFinite(entry.value.asDouble())) {
      throw malformed(entry.key, "a finite number", describe(entry.value));
    }
    return OptionalDouble.of(entry.value.asDouble());
  }

  /** A truth value. */
  public Optional<Boolean> bool(String... keys) {
    Entry entry = find(keys);
    if (entry == null) {
      return Optional.empty();
    }
    if (!entry.value.isBoolean()) {
      throw malformed(entry.key, "true or false", describe(entry.value));
    }
    return Optional.of(entry.value.booleanValue());
  }

  /** A text. */
  public Optional<String> string(String... keys) {
    Entry entry = find(keys);
    if (entry == null) {
      return Optional.empty();
    }
    if (!entry.value.isString()) {
      throw malformed(entry.key, "a string", describe(entry.value));
    }
    return Optional.of(entry.value.stringValue());
  }

  /** A nested object such as {@code text_config} or {@code rope_parameters}. */
  public Optional<ModelConfig> object(String... keys) {
    Entry entry = find(keys);
    if (entry == null) {
      return Optional.empty();
    }
    if (entry.value instanceof ObjectNode object) {
      return Optional.of(new ModelConfig(object, source, path + entry.key + '.'));
    }
    throw malformed(entry.key, "an object", describe(entry.value));
  }

  /**
   * The object that holds the rotary settings: {@code rope_parameters} of transformers 5, else
   * {@code rope_scaling}; bases and fractions of older configs stay at the top level.
   */
  public Optional<ModelConfig> rotarySettings() {
    return object("rope_parameters", "rope_scaling");
  }

  /**
   * The exception for a value that contradicts another or the weights.
   *
   * @param key the key, or keys, at fault
   * @param expected what would have been right
   * @param found what is there
   */
  public MalformedCheckpointException malformed(String key, String expected, String found) {
    return new MalformedCheckpointException(
        source + ": key \"" + path + key + "\": expected " + expected + ", found " + found);
  }

  @Override
  public String toString() {
    return source;
  }

  private @Nullable Entry find(String... keys) {
    for (String key : keys) {
      JsonNode value = tree.get(key);
      if (value != null && !value.isNull()) {
        return new Entry(key, value);
      }
    }
    return null;
  }

  private static String describe(JsonNode node) {
    if (node.isMissingNode()) {
      return "nothing";
    }
    String text = node.toString();
    return text.length() <= MAX_QUOTED_LENGTH ? text : text.substring(0, MAX_QUOTED_LENGTH) + "...";
  }

  private record Entry(String key, JsonNode value) {}
}
