package io.hfmerge.hf.output;

import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.hf.files.LinkRule;
import io.hfmerge.hf.vocab.TokenizerFiles;
import io.hfmerge.tensor.DType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What must lie beside the weights: tokenizer, generation settings, chat template, preprocessor,
 * licence, the Python files of remote-code models, and sentence-transformers' module files. Weights
 * in any format, training state and the base's own README are left behind.
 */
final class CompanionFiles {

  private static final Set<String> NAMES =
      Set.of(
          "generation_config.json",
          "preprocessor_config.json",
          "processor_config.json",
          "video_preprocessor_config.json",
          "modules.json",
          "sentence_bert_config.json",
          "config_sentence_transformers.json",
          "NOTICE",
          "NOTICE.md",
          "NOTICE.txt",
          "USE_POLICY.md");

  private static final Pattern LICENCE = Pattern.compile("LICEN[SC]E.*", Pattern.CASE_INSENSITIVE);
  private static final Pattern MODULE_FOLDER = Pattern.compile("\\d+_(Pooling|Normalize)");
  private static final String CHAT_TEMPLATES = "additional_chat_templates";
  private static final String CONFIG = "config.json";

  private CompanionFiles() {}

  /**
   * Adds the config and the companion files of a model to an output.
   *
   * @param model lends them
   * @param dtype dtype that the output is asked to have; empty to keep what the config says
   * @param target folder of the output
   * @param notes hears what the output lacks
   * @return names of what was copied but for the config, sorted
   */
  static List<String> add(HfModel model, Optional<DType> dtype, Path target, List<String> notes)
      throws IOException {
    Path source = model.location().folder();
    Optional<ModelConfig> config = model.config();
    if (config.isPresent()) {
      OutputConfig.write(source.resolve(CONFIG), target.resolve(CONFIG), dtype);
    } else {
      notes.add(model.reference() + " has no config.json, so the output has none");
    }
    boolean remoteCode = config.filter(c -> c.has("auto_map")).isPresent();
    if (remoteCode) {
      notes.add("the config refers to Python code (auto_map); its files were copied, not run");
    }
    return copy(source, target, remoteCode);
  }

  /**
   * Copies the companion files of a model.
   *
   * @param source folder of the model that the output takes them from
   * @param target folder of the output
   * @param remoteCode whether the config refers to Python files ({@code auto_map})
   * @return names of what was copied, sorted
   */
  static List<String> copy(Path source, Path target, boolean remoteCode) throws IOException {
    List<String> copied = new ArrayList<>();
    for (Path file : list(source)) {
      String name = file.getFileName().toString();
      boolean folder = Files.isDirectory(file);
      if (folder && isCompanionFolder(name)) {
        LinkRule.check(source, file);
        Path copy = Files.createDirectory(target.resolve(name));
        for (Path inner : list(file)) {
          String innerName = inner.getFileName().toString();
          if (innerName.endsWith(".json") || innerName.endsWith(".jinja")) {
            copied.add(copyFile(source, inner, copy, name + "/"));
          }
        }
      } else if (!folder
          && (TokenizerFiles.NAMES.contains(name)
              || NAMES.contains(name)
              || LICENCE.matcher(name).matches()
              || (remoteCode && name.endsWith(".py")))) {
        copied.add(copyFile(source, file, target, ""));
      }
    }
    return copied;
  }

  /** Whether a folder of this name belongs to a model folder written here. */
  static boolean isCompanionFolder(String name) {
    return name.equals(CHAT_TEMPLATES) || MODULE_FOLDER.matcher(name).matches();
  }

  /**
   * Copies a file under its own name.
   *
   * @param source the model's folder, which links may not leave
   * @param prefix put in front of the name returned
   */
  static String copyFile(Path source, Path file, Path folder, String prefix) throws IOException {
    LinkRule.check(source, file);
    String name = file.getFileName().toString();
    // the content alone: a file that was read-only in the Hub's cache is not so in the output
    try (InputStream in = Files.newInputStream(file)) {
      Files.copy(in, folder.resolve(name));
    } catch (FileSystemException e) {
      throw e; // names its file
    } catch (IOException e) {
      throw new IOException(folder.resolve(name) + ": " + e.getMessage(), e);
    }
    return prefix + name;
  }

  private static List<Path> list(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }
}
