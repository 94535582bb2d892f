package io.hfmerge.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs the usual commands of a kind once on a small model, so that the archive of classes made
 * after a build holds what they need; they then start in half the time.
 */
final class Rehearsal {

  /** Recipes of the methods that are used most; {@code BASE} and {@code MODEL} are put in. */
  private static final List<String> RECIPES =
      List.of(
          """
          merge_method: ties
          base_model: BASE
          models:
            - model: MODEL
              parameters: {weight: 0.5, density: 0.5}
            - model: MODEL/.
              parameters: {weight: [0.2, 0.4], density: 0.2}
          dtype: float32
          """,
          """
          merge_method: dare_ties
          base_model: BASE
          models:
            - {model: MODEL, parameters: {weight: 0.5, density: 0.5}}
          """,
          """
          merge_method: linear
          models:
            - {model: BASE, parameters: {weight: 0.5}}
            - {model: MODEL, parameters: {weight: 0.5}}
          """,
          """
          slices:
            - sources:
                - {model: BASE, layer_range: [0, 2]}
                - {model: MODEL, layer_range: [0, 2]}
          merge_method: slerp
          base_model: BASE
          parameters: {t: [0, 1]}
          """);

  private Rehearsal() {}

  /**
   * @param arguments {@code merge} or {@code analyze}; a small model; a folder for what is written
   */
  public static void main(String[] arguments) throws IOException {
    String model = arguments[1];
    Path folder = Path.of(arguments[2]);
    List<List<String>> commands =
        switch (arguments[0]) {
          case "merge" -> merging(model, folder);
          case "analyze" -> analysing(model, folder);
          default -> throw new IllegalArgumentException(arguments[0]);
        };
    for (List<String> command : commands) {
      int code = Main.run(command.toArray(String[]::new));
      if (code != 0) {
        throw new IllegalStateException(command + " returned " + code);
      }
    }
  }

  private static List<List<String>> merging(String model, Path folder) throws IOException {
    String merged = folder.resolve("merged").toString();
    String again = folder.resolve("again").toString();
    String recipe = Path.of(merged, "hfmerge.yaml").toString();
    List<List<String>> commands =
        new ArrayList<>(
            List.of(
                List.of("--help"),
                List.of("inspect", model),
                List.of("sum", "--base", model, model + "/.=0.5", "-o", merged),
                List.of("merge", recipe, again, "--dry-run"),
                List.of("merge", recipe, again),
                List.of("verify", merged)));
    // a model of no known family
    Path plain = Files.createDirectory(folder.resolve("plain"));
    Files.copy(Path.of(model, "model.safetensors"), plain.resolve("model.safetensors"));
    for (String base : List.of(model, plain.toString())) {
      for (String text : RECIPES) {
        String name = "recipe-" + commands.size();
        Path file = folder.resolve(name + ".yaml");
        Files.writeString(file, text.replace("BASE", base).replace("MODEL", base + "/."));
        String target = folder.resolve(name).toString();
        commands.add(List.of("merge", file.toString(), target, "--dry-run"));
        commands.add(List.of("merge", file.toString(), target));
      }
    }
    return commands;
  }

  private static List<List<String>> analysing(String model, Path folder) {
    String report = folder.resolve("report.json").toString();
    return List.of(
        List.of("--help"),
        List.of("analyze", model),
        List.of("analyze", model, "--metrics", "all", "--heads", "--format", "json", "-o", report));
  }
}
