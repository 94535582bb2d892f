package io.hfmerge.hf.vocab;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.hf.json.JsonEdit;
import io.hfmerge.hf.json.PythonJson;
import io.hfmerge.recipe.ChatTemplateChoice;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The chat template of the output. Written to every file that transformers looks into, so that all
 * its releases find the same one. Templates are texts here: nothing runs them.
 */
final class ChatTemplates {

  /** Folder of templates with names of their own. */
  static final String FOLDER = "additional_chat_templates";

  private static final String FILE = "chat_template.jinja";
  private static final String PROCESSOR_FILE = "chat_template.json";
  private static final String TOKENIZER_CONFIG = "tokenizer_config.json";
  private static final String KEY = "chat_template";

  /** Published templates stay below 50 KB. */
  private static final int MAX_BYTES = 4 << 20;

  private final String template;

  private ChatTemplates(String template) {
    this.template = template;
  }

  /**
   * Decides which template it is.
   *
   * @param models in the order of the recipe
   * @param notes hears what was decided
   * @return {@code null} if there is none
   */
  static @Nullable ChatTemplates choose(
      ChatTemplateChoice choice, List<HfModel> models, List<String> notes) throws IOException {
    if (choice.isNamed()) {
      notes.add("chat template: " + choice.text());
      return new ChatTemplates(named(choice.text()));
    }
    if (!choice.isAuto()) {
      notes.add("chat template: the recipe's");
      return new ChatTemplates(choice.text());
    }
    Map<String, List<String>> users = new LinkedHashMap<>();
    for (HfModel model : models) {
      read(model.location().folder())
          .ifPresent(template ->
              users.computeIfAbsent(template, key -> new ArrayList<>()).add(model.reference()));
    }
    String most = null;
    int count = 0;
    for (Map.Entry<String, List<String>> entry : users.entrySet()) {
      if (entry.getValue().size() > count) {
        count = entry.getValue().size();
        most = entry.getKey();
      }
    }
    if (most == null) {
      notes.add("chat template: no model has one, so the output has none");
      return null;
    }
    notes.add(
        "chat template: that of "
            + String.join(", ", users.getOrDefault(most, List.of()))
            + (users.size() == 1 ? "" : ", the most frequent of " + users.size()));
    return new ChatTemplates(most);
  }

  /** A template of those that come with this program. */
  static String named(String name) throws IOException {
    try (InputStream in = ChatTemplates.class.getResourceAsStream("chat/" + name + ".jinja")) {
      if (in == null) {
        throw new IllegalArgumentException("no chat template " + name);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** A model's default template, from where transformers takes it. */
  static Optional<String> read(Path folder) throws IOException {
    Path file = folder.resolve(FILE);
    if (Files.exists(file)) {
      try (InputStream in = Files.newInputStream(file)) {
        byte[] bytes = in.readNBytes(MAX_BYTES + 1);
        if (bytes.length > MAX_BYTES) {
          throw new MalformedCheckpointException(
              file + ": expected at most " + MAX_BYTES + " bytes, found more");
        }
        return Optional.of(new String(bytes, StandardCharsets.UTF_8));
      }
    }
    Path config = folder.resolve(TOKENIZER_CONFIG);
    if (!Files.exists(config)) {
      return Optional.empty();
    }
    JsonNode value = ModelConfig.read(config).tree().path(KEY);
    if (value.isString()) {
      return Optional.of(value.stringValue());
    }
    for (JsonNode entry : value) {
      if (entry.path("name").asString("").equals("default") && entry.path("template").isString()) {
        return Optional.of(entry.path("template").stringValue());
      }
    }
    return Optional.empty();
  }

  /** Makes it the template of a folder. */
  List<String> write(Path folder) throws IOException {
    List<String> notes = new ArrayList<>();
    Files.writeString(folder.resolve(FILE), template);
    for (String name : List.of(TOKENIZER_CONFIG, PROCESSOR_FILE)) {
      Path file = folder.resolve(name);
      if (Files.exists(file)) {
        ModelConfig.read(file); // refuses what is no object with unique keys
        Files.writeString(
            file, JsonEdit.set(Files.readString(file), List.of(KEY), PythonJson.string(template)));
      }
    }
    if (deleteFolder(folder)) {
      notes.add("templates in " + FOLDER + " are left out: the recipe chooses the template");
    }
    return notes;
  }

  /** Deletes the folder of further templates; whether there was one. */
  static boolean deleteFolder(Path folder) throws IOException {
    Path templates = folder.resolve(FOLDER);
    if (!Files.isDirectory(templates)) {
      return false;
    }
    try (Stream<Path> files = Files.list(templates)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(templates);
    return true;
  }
}
