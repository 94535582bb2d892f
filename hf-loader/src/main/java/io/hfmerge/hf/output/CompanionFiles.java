package io.hfmerge.hf.output;

import io.hfmerge.hf.files.LinkRule;
import io.hfmerge.hf.vocab.TokenizerFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What must lie beside the weights: tokenizer, generation settings, chat template, preprocessor,
 * licence, the Python files of remote-code models, and sentence-transformers' module files. Weights
 * in any format, training state and the base's own README are left behind.
 */
public final class CompanionFiles {

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

  private CompanionFiles() {}

  /**
   * Whether a file may have to be copied, which for Python files the config decides.
   *
   * @param path relative to the model's folder, with slashes
   */
  public static boolean isCompanion(String path) {
    int slash = path.indexOf('/');
    if (slash < 0) {
      return isNamed(path) || path.endsWith(".py");
    }
    return isCompanionFolder(path.substring(0, slash)) && isInner(path.substring(slash + 1));
  }

  private static boolean isNamed(String name) {
    return TokenizerFiles.NAMES.contains(name)
        || NAMES.contains(name)
        || LICENCE.matcher(name).matches();
  }

  /** In a companion folder itself, not deeper. */
  private static boolean isInner(String name) {
    return name.indexOf('/') < 0 && (name.endsWith(".json") || name.endsWith(".jinja"));
  }

  /**
   * Finds the companion files of a model.
   *
   * @param source folder of the model
   * @param remoteCode whether the config refers to Python files ({@code auto_map})
   * @return their names, sorted; folders end with a slash and come before what is in them
   */
  static List<String> find(Path source, boolean remoteCode) throws IOException {
    List<String> found = new ArrayList<>();
    for (Path file : list(source)) {
      String name = file.getFileName().toString();
      boolean folder = Files.isDirectory(file);
      if (folder && isCompanionFolder(name)) {
        found.add(name + "/");
        for (Path inner : list(file)) {
          String innerName = inner.getFileName().toString();
          if (isInner(innerName)) {
            found.add(name + "/" + innerName);
          }
        }
      } else if (!folder && (isNamed(name) || (remoteCode && name.endsWith(".py")))) {
        found.add(name);
      }
    }
    return found;
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
    List<String> names = find(source, remoteCode);
    for (String name : names) {
      if (name.endsWith("/")) {
        LinkRule.check(source, source.resolve(name));
        Files.createDirectory(target.resolve(name));
      } else {
        copyFile(source, name, target);
      }
    }
    names.removeIf(name -> name.endsWith("/"));
    return names;
  }

  /** Whether a folder of this name belongs to a model folder written here. */
  static boolean isCompanionFolder(String name) {
    return name.equals(CHAT_TEMPLATES) || MODULE_FOLDER.matcher(name).matches();
  }

  /**
   * Copies one file.
   *
   * @param source the model's folder, which links may not leave
   * @param name path of the file within it
   */
  static void copyFile(Path source, String name, Path target) throws IOException {
    Path file = source.resolve(name);
    Path copy = target.resolve(name);
    LinkRule.check(source, file);
    // the content alone: a file that was read-only in the Hub's cache is not so in the output
    try (InputStream in = Files.newInputStream(file)) {
      Files.copy(in, copy);
    } catch (FileSystemException e) {
      throw e; // names its file
    } catch (IOException e) {
      throw new IOException(copy + ": " + e.getMessage(), e);
    }
  }

  private static List<Path> list(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }
}
