package io.hfmerge.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine;

/** What a command printed and returned, in this process or through the packaged launcher. */
record Outcome(int code, String out, String err) {

  /** Runs in this process. */
  static Outcome of(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine commandLine = HfMerge.commandLine();
    commandLine.setOut(new PrintWriter(out, true));
    commandLine.setErr(new PrintWriter(err, true));
    int code = commandLine.execute(arguments);
    return new Outcome(code, out.toString(), err.toString());
  }

  /** The packaged launcher. */
  static Path launcher() {
    return Path.of(System.getProperty("hfmerge.launcher"));
  }

  /** Runs the packaged launcher here. */
  static Outcome launch(String... arguments) throws IOException, InterruptedException {
    return launch(launcher(), Path.of(""), Map.of(), arguments);
  }

  /**
   * Runs a launcher.
   *
   * @param folder to run in
   * @param environment variables to set; empty ones are taken away
   */
  static Outcome launch(
      Path launcher, Path folder, Map<String, String> environment, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(launcher.toString()));
    command.addAll(List.of(arguments));
    Path out = Files.createTempFile("hfmerge", ".out");
    Path err = Files.createTempFile("hfmerge", ".err");
    try {
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .directory(folder.toAbsolutePath().toFile())
              .redirectOutput(out.toFile())
              .redirectError(err.toFile());
      environment.forEach((name, value) -> {
        if (value.isEmpty()) {
          builder.environment().remove(name);
        } else {
          builder.environment().put(name, value);
        }
      });
      Process process = builder.start();
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("ends within a minute").isTrue();
      return new Outcome(
          process.exitValue(),
          Files.readString(out, StandardCharsets.UTF_8),
          Files.readString(err, StandardCharsets.UTF_8));
    } finally {
      Files.delete(out);
      Files.delete(err);
    }
  }

  /** Asserts one message of hfmerge's own on standard error, and nothing else anywhere. */
  void assertRefused(ExitCode expected, List<String> says) {
    assertThat(code).as(err).isEqualTo(expected.code());
    assertThat(out).isEmpty();
    assertThat(err).startsWith("hfmerge: ").contains(says);
    assertThat(err.lines().filter(line -> line.startsWith("hfmerge: "))).hasSize(1);
    assertThat(err).doesNotContain("Exception", "\tat ", "WARNING", "fault of hfmerge");
  }

  /** Asserts success without a word on standard error. */
  Outcome assertDone() {
    assertThat(err).isEmpty();
    assertThat(code).isZero();
    return this;
  }
}
