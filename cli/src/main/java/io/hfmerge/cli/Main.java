package io.hfmerge.cli;

import io.hfmerge.error.UnsupportedFeatureException;
import java.io.PrintWriter;
import java.lang.Runtime.Version;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;

/** Entry point of the process. */
public final class Main {

  /** First update of JDK 25 without JDK-8377811, a fault of the G1 collector that corrupts data. */
  private static final int FIRST_SOUND_UPDATE = 3;

  private Main() {}

  public static void main(String[] arguments) {
    System.exit(run(arguments));
  }

  /** Carries a command out and returns the code to exit with. */
  static int run(String... arguments) {
    StandardError.restore();
    CommandLine commandLine;
    try {
      commandLine = HfMerge.commandLine();
    } catch (UnsupportedFeatureException e) {
      System.err.println("hfmerge: " + e.getMessage());
      return ExitCode.of(e).code();
    }
    StandardOutput out = new StandardOutput();
    commandLine.setOut(new PrintWriter(out, true, StandardCharsets.UTF_8));
    commandLine.setErr(new PrintWriter(System.err, true, StandardCharsets.UTF_8));
    warnOfFaultyJava(commandLine.getErr());
    int code = commandLine.execute(arguments);
    commandLine.getOut().flush();
    if (code == ExitCode.OK.code() && out.failure().isPresent()) {
      commandLine.getErr().println("hfmerge: standard output: " + out.failure().get().getMessage());
      code = ExitCode.IO.code();
    }
    return code;
  }

  private static void warnOfFaultyJava(PrintWriter err) {
    Version version = Runtime.version();
    boolean faulty =
        version.feature() == 25 && version.interim() == 0 && version.update() < FIRST_SOUND_UPDATE;
    if (faulty) {
      err.println(
          "hfmerge: Java "
              + version
              + " has a fault in its G1 collector that can corrupt data (JDK-8377811);"
              + " update to 25.0.3 or later");
    }
  }
}
