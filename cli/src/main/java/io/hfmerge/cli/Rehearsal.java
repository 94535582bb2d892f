package io.hfmerge.cli;

import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Path;
import java.util.List;

/**
 * Runs the usual commands of a kind once on a small model, so that the archive of classes made
 * after a build holds what they need; they then start in half the time.
 */
final class Rehearsal {

  private Rehearsal() {}

  /**
   * @param arguments {@code merge} or {@code analyze}; a small model; a folder for what is written
   */
  public static void main(String[] arguments) {
    String model = arguments[1];
    Path folder = Path.of(arguments[2]);
    List<List<String>> commands =
        switch (arguments[0]) {
          case "merge" -> merging(model, folder);
          case "analyze" -> analysing(model, folder);
          default -> throw new IllegalArgumentException(arguments[0]);
        };
    for (List<String> command : commands) {
      PrintWriter nowhere = new PrintWriter(Writer.nullWriter());
      int code =
          HfMerge.commandLine()
              .setOut(nowhere)
              .setErr(nowhere)
              .execute(command.toArray(String[]::new));
      if (code != 0) {
        throw new IllegalStateException(command + " returned " + code);
      }
    }
  }

  private static List<List<String>> merging(String model, Path folder) {
    String merged = folder.resolve("merged").toString();
    String again = folder.resolve("again").toString();
    String recipe = Path.of(merged, "hfmerge.yaml").toString();
    return List.of(
        List.of("--help"),
        List.of("inspect", model),
        List.of("sum", "--base", model, model + "/.=0.5", "-o", merged),
        List.of("merge", recipe, again, "--dry-run"),
        List.of("merge", recipe, again),
        List.of("verify", merged));
  }

  private static List<List<String>> analysing(String model, Path folder) {
    String report = folder.resolve("report.json").toString();
    return List.of(
        List.of("--help"),
        List.of("analyze", model),
        List.of("analyze", model, "--metrics", "all", "--heads", "--format", "json", "-o", report));
  }
}
