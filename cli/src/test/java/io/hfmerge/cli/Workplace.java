package io.hfmerge.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Copies of reference checkpoints that a test may damage, and a place for outputs. */
final class Workplace {

  static final Path GOLDEN = Path.of("../hf-loader/src/test/resources/golden").toAbsolutePath();

  final Path inputs;
  final Path base;
  final Path a;
  final Path outputs;
  final Path out;

  Workplace(Path temp) throws IOException {
    inputs = Files.createDirectory(temp.resolve("inputs"));
    base = copy(GOLDEN.resolve("checkpoints/llama/base"), inputs.resolve("base"));
    a = copy(GOLDEN.resolve("checkpoints/llama/a"), inputs.resolve("a"));
    outputs = Files.createDirectory(temp.resolve("outputs"));
    out = outputs.resolve("out");
  }

  /** Copies the files of a flat folder. */
  static Path copy(Path source, Path target) throws IOException {
    Files.createDirectory(target);
    try (Stream<Path> files = Files.list(source)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.copy(file, target.resolve(file.getFileName()));
      }
    }
    return target;
  }

  /** A sharded model in place of the base. */
  Path sharded() throws IOException {
    return copy(GOLDEN.resolve("formats/sharded"), inputs.resolve("sharded"));
  }

  /** Replaces text in a file byte for byte, in binary files too. */
  static void replace(Path file, String old, String now) throws IOException {
    String text = Files.readString(file, StandardCharsets.ISO_8859_1);
    assertThat(text).contains(old);
    int at = text.indexOf(old);
    String changed = text.substring(0, at) + now + text.substring(at + old.length());
    Files.writeString(file, changed, StandardCharsets.ISO_8859_1);
  }

  /** A recipe among the inputs that sums both models. */
  Path recipe(String text) throws IOException {
    return Files.writeString(inputs.resolve("recipe.yaml"), text);
  }

  String sumRecipe() {
    return """
    merge_method: task_arithmetic
    base_model: '%s'
    models:
    - model: '%s'
      parameters: {weight: 0.5}
    """
        .formatted(base, a);
  }

  /** Arguments that sum both models. */
  String[] sum(String... more) {
    return sumOf(base, a.toString(), more);
  }

  String[] sumOf(Path baseModel, String model, String... more) {
    Stream<String> sum =
        Stream.of("sum", "--base", baseModel.toString(), model, "-o", out.toString());
    return Stream.concat(sum, Arrays.stream(more)).toArray(String[]::new);
  }

  /** Content and times of all inputs, and the names of all outputs, hidden ones included. */
  Map<String, String> state() throws IOException {
    Map<String, String> state = new TreeMap<>();
    try (Stream<Path> files = Files.walk(inputs)) {
      for (Path file : files.toList()) {
        boolean readable = Files.isRegularFile(file);
        String content = readable ? "" + Arrays.hashCode(Files.readAllBytes(file)) : "folder";
        state.put(file.toString(), content + " of " + Files.getLastModifiedTime(file));
      }
    }
    try (Stream<Path> files = Files.walk(outputs)) {
      files.forEach(file -> state.put(file.toString(), "output"));
    }
    return state;
  }

  /** Names below a folder, sorted. */
  static List<String> list(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
