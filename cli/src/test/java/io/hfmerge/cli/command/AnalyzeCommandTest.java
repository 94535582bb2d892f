package io.hfmerge.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.cli.HfMerge;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class AnalyzeCommandTest {

  private static final String MODEL = "sample:all-MiniLM-L6-v2";
  private static final int SCREEN = 100;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... arguments) {
    CommandLine commandLine = HfMerge.commandLine();
    commandLine.setOut(new PrintWriter(out));
    commandLine.setErr(new PrintWriter(err));
    return commandLine.execute(arguments);
  }

  @Test
  void tableFitsTheScreenAndHasNoEscapeSequences() {
    assertThat(run("analyze", MODEL, "--metrics", "all", "--heads", "--all")).isZero();
    assertThat(out.toString())
        .contains("6 layers")
        .contains("Stable rank")
        .contains("QK tightness")
        .contains("Summary")
        .doesNotContain("\u001b");
    assertThat(out.toString().lines())
        .allSatisfy(line -> assertThat(line.stripTrailing().length()).isLessThanOrEqualTo(SCREEN));
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void twoRunsWriteTheSameJson(@TempDir Path folder) throws Exception {
    Path first = folder.resolve("first.json");
    Path second = folder.resolve("second.json");
    assertThat(run("analyze", MODEL, "--format", "json", "-o", first.toString())).isZero();
    assertThat(run("analyze", MODEL, "--format", "json", "-o", second.toString(), "--threads", "1"))
        .isZero();
    assertThat(Files.readString(first)).startsWith("{\n  \"schema\": \"hfmerge.analysis/1\",");
    assertThat(second).hasSameTextualContentAs(first);
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void csvIsALongTable() {
    assertThat(run("analyze", MODEL, "--format", "csv")).isZero();
    assertThat(out.toString().lines().findFirst())
        .hasValue("model,tensor,layer,role,head,metric,value,errorBound");
  }

  @Test
  void epsilonBelowZeroIsAUsageError() {
    assertThat(run("analyze", MODEL, "--epsilon", "-1")).isEqualTo(2);
    assertThat(err.toString()).contains("--epsilon: expected a number from 0 on, found -1.0");
  }
}
