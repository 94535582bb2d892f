package io.hfmerge.hf.vocab;

import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.hf.json.JsonEdit;
import io.hfmerge.hf.json.PythonJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Ids of special tokens in a config, {@code bos_token_id} and its like, from one vocabulary to
 * another: the other model's value where its config has one, else the id of the same token.
 */
final class SpecialTokenIds {

  private static final List<String> ENDINGS = List.of("_token_id", "_token_index");

  private final Vocabulary from;
  private final Vocabulary output;

  /**
   * @param from the vocabulary that the config's ids are of
   * @param output the vocabulary that they shall be of
   */
  SpecialTokenIds(Vocabulary from, Vocabulary output) {
    this.from = from;
    this.output = output;
  }

  /**
   * Changes a config, if it is there.
   *
   * @param file the config to change
   * @param other config of the model whose ids these shall be
   * @param notes hears of tokens that have no id any more
   */
  void adopt(Path file, Path other, List<String> notes) throws IOException {
    if (!Files.exists(file)) {
      return;
    }
    ObjectNode own = ModelConfig.read(file).tree();
    ObjectNode theirs =
        Files.exists(other)
            ? ModelConfig.read(other).tree()
            : JsonMapper.shared().createObjectNode();
    String name = String.valueOf(file.getFileName());
    String text = adopt(Files.readString(file), List.of(), own, theirs, name, notes);
    if (own.get("text_config") instanceof ObjectNode nested) {
      ObjectNode nestedTheirs =
          theirs.get("text_config") instanceof ObjectNode node ? node : theirs;
      text = adopt(text, List.of("text_config"), nested, nestedTheirs, name, notes);
    }
    Files.writeString(file, text);
  }

  private String adopt(
      String text,
      List<String> path,
      ObjectNode own,
      ObjectNode theirs,
      String name,
      List<String> notes) {
    String edited = text;
    for (Map.Entry<String, JsonNode> entry : own.properties()) {
      String key = entry.getKey();
      if (ENDINGS.stream().noneMatch(key::endsWith)) {
        continue;
      }
      JsonNode other = theirs.get(key);
      JsonNode value = entry.getValue();
      String adopted =
          other != null && !other.isNull()
              ? PythonJson.line(other)
              : value.isNull() ? "null" : translated(key, value, name, notes);
      if (!adopted.equals(PythonJson.line(value))) {
        edited = JsonEdit.set(edited, join(path, key), adopted);
      }
    }
    for (Map.Entry<String, JsonNode> entry : theirs.properties()) {
      String key = entry.getKey();
      if (ENDINGS.stream().anyMatch(key::endsWith)
          && !entry.getValue().isNull()
          && !own.has(key)
          && path.isEmpty()) {
        edited = JsonEdit.set(edited, join(path, key), PythonJson.line(entry.getValue()));
      }
    }
    return edited;
  }

  private static List<String> join(List<String> path, String key) {
    List<String> joined = new ArrayList<>(path);
    joined.add(key);
    return joined;
  }

  private String translated(String key, JsonNode value, String name, List<String> notes) {
    if (value.isArray()) {
      List<String> ids = new ArrayList<>();
      for (JsonNode id : value) {
        OptionalInt translated = translated(id);
        if (translated.isPresent()) {
          ids.add(String.valueOf(translated.getAsInt()));
        } else {
          note(key, id, name, notes);
        }
      }
      return ids.isEmpty() ? "null" : '[' + String.join(", ", ids) + ']';
    }
    OptionalInt translated = translated(value);
    if (translated.isEmpty()) {
      note(key, value, name, notes);
      return "null";
    }
    return String.valueOf(translated.getAsInt());
  }

  private static void note(String key, JsonNode id, String name, List<String> notes) {
    notes.add(
        "%s: %s was %s, a token that the output's vocabulary does not have; it is left out"
            .formatted(name, key, id));
  }

  private OptionalInt translated(JsonNode id) {
    if (!id.isIntegralNumber() || !id.canConvertToInt()) {
      return OptionalInt.empty();
    }
    String token = from.token(id.intValue());
    return token == null ? OptionalInt.empty() : output.id(token);
  }
}
