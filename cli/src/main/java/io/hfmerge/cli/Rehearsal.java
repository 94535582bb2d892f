package io.hfmerge.cli;

import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Path;
import java.util.List;

/**
 * Runs the usual commands once on a small model, so that the class data archive made after a build
 * holds what they need; they then start in half the time.
 */
final class Rehearsal {

  private Rehearsal() {}

  /**
   * @param arguments a small model, and a folder for what is written
   */
  public static void main(String[] arguments) {
    String model = arguments[0];
    String merged = Path.of(arguments[1], "merged").toString();
    String recipe = Path.of(merged, "hfmerge.yaml").toString();
    String again = Path.of(arguments[1], "again").toString();
    String report = Path.of(arguments[1], "report.json").toString();
    List<List<String>> commands =
        List.of(
            List.of("--help"),
            List.of("inspect", model),
            List.of("sum", "--base", model, model + "/.=0.5", "-o", merged),
            List.of("merge", recipe, again, "--dry-run"),
            List.of("merge", recipe, again),
            List.of("verify", merged),
            List.of("analyze", merged),
            List.of(
                "analyze",
                merged,
                "--metrics",
                "all",
                "--heads",
                "--format",
                "json",
                "-o",
                report));
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
}
