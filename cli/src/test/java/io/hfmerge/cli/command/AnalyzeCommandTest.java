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

  @Test
  void storedAnalysisMakesTheSamePageAsTheModel(@TempDir Path folder) throws Exception {
    String json = folder.resolve("stored.json").toString();
    Path first = folder.resolve("first.html");
    Path second = folder.resolve("second.html");
    assertThat(run("analyze", MODEL, "--format", "json", "-o", json)).isZero();
    assertThat(run("analyze", MODEL, "--format", "html", "-o", first.toString())).isZero();
    assertThat(run("analyze", json, "--format", "html", "-o", second.toString())).isZero();
    assertThat(first).content().startsWith("<!DOCTYPE html>").contains("Stable rank by layer");
    assertThat(second).hasSameTextualContentAs(first);
    assertThat(run("analyze", json, json, MODEL)).isZero();
    assertThat(out.toString()).contains("Stable rank");
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void storedAnalysisMustHaveWhatIsAskedFor(@TempDir Path folder) {
    String json = folder.resolve("stored.json").toString();
    assertThat(run("analyze", MODEL, "--format", "json", "-o", json)).isZero();
    assertThat(run("analyze", json, "--metrics", "all", "--heads")).isEqualTo(2);
    assertThat(err.toString())
        .contains("was measured without --metrics all, --heads: analyze the model itself");
    assertThat(run("analyze", json, "--base", MODEL)).isEqualTo(2);
    assertThat(err.toString()).contains("is a stored analysis, which has no weights");
  }

  @Test
  void brokenStoredAnalysisIsRefusedWithItsField(@TempDir Path folder) throws Exception {
    Path json = Files.writeString(folder.resolve("stored.json"), "{\"schema\": \"else/1\"}");
    assertThat(run("analyze", json.toString())).isEqualTo(4);
    assertThat(err.toString()).contains("stored.json: schema: expected \"hfmerge.analysis/1\"");
  }

  @Test
  void parquetIsWrittenToFilesOnly(@TempDir Path folder) throws Exception {
    assertThat(run("analyze", MODEL, "--format", "parquet")).isEqualTo(2);
    assertThat(err.toString()).contains("--format parquet: expected -o FILE");
    Path file = folder.resolve("analysis.parquet");
    assertThat(run("analyze", MODEL, "--format", "parquet", "-o", file.toString())).isZero();
    assertThat(Files.readAllBytes(file))
        .startsWith('P', 'A', 'R', '1')
        .endsWith('P', 'A', 'R', '1');
  }

  @Test
  void plotsAreWrittenBesideAnyFormat(@TempDir Path folder) {
    Path plots = folder.resolve("plots");
    assertThat(run("analyze", MODEL, "--plots", plots.toString())).isZero();
    assertThat(plots.resolve("stable-rank-by-layer.svg")).content().startsWith("<svg ");
    assertThat(plots.resolve("layers-roles.png")).isNotEmptyFile();
    assertThat(out.toString()).contains("Stable rank");
  }
}
