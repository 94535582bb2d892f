package io.hfmerge.hf.output;

import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonReadFeature;

/**
 * The {@code config.json} of a merged model: the base's, character for character, but for the dtype
 * where the output has another.
 */
final class OutputConfig {

  private static final String DTYPE = "dtype";

  /** The key that transformers before 4.56 reads, and later ones still do. */
  private static final String TORCH_DTYPE = "torch_dtype";

  private static final JsonFactory JSON =
      JsonFactory.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();

  private OutputConfig() {}

  /**
   * Writes the config.
   *
   * @param source the base's config file
   * @param target file to create
   * @param dtype dtype that the recipe asks the output to have; empty to keep what the base has
   */
  static void write(Path source, Path target, Optional<DType> dtype) throws IOException {
    ModelConfig.read(source); // refuses what is no object with unique keys
    if (dtype.isEmpty()) {
      Files.write(target, Files.readAllBytes(source));
    } else {
      Files.writeString(target, edit(Files.readString(source), dtype.get()));
    }
  }

  /** Puts another value where the text has another dtype, and a key where it has none. */
  private static String edit(String text, DType dtype) {
    String value = '"' + dtype.torchName() + '"';
    StringBuilder edited = new StringBuilder();
    int copied = 0;
    boolean found = false;
    try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), text)) {
      json.nextToken();
      int end = offset(json.currentLocation());
      String separator = "";
      while (json.nextToken() != JsonToken.END_OBJECT) {
        String key = json.currentName();
        JsonToken token = json.nextToken();
        int start = offset(json.currentTokenLocation());
        boolean same =
            token == JsonToken.VALUE_STRING
                && DType.ofTorchName(json.getString()).equals(Optional.of(dtype));
        json.skipChildren();
        json.finishToken();
        end = offset(json.currentLocation());
        separator = ",";
        if (key.equals(DTYPE) || key.equals(TORCH_DTYPE)) {
          found = true;
          if (!same) {
            edited.append(text, copied, start).append(value);
            copied = end;
          }
        }
      }
      if (!found) {
        edited.append(text, copied, end).append(separator);
        edited.append("\n  \"").append(TORCH_DTYPE).append("\": ").append(value);
        copied = end;
      }
    }
    return edited.append(text, copied, text.length()).toString();
  }

  private static int offset(TokenStreamLocation location) {
    return Math.toIntExact(location.getCharOffset());
  }
}
