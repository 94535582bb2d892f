package io.hfmerge.analysis.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.analysis.AnalysisReport;
import io.hfmerge.analysis.report.page.HtmlPage;
import io.hfmerge.analysis.report.section.AnalysisPage;
import io.hfmerge.error.MalformedReportException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StoredAnalysisTest {

  @TempDir Path folder;

  private Path stored(String text) throws Exception {
    return Files.writeString(folder.resolve("analysis.json"), text);
  }

  private static String json(String family) {
    return JsonReport.write(SampleReports.of(family), "test");
  }

  private void refused(String text, String message) throws Exception {
    Path file = stored(text);
    assertThatThrownBy(() -> StoredAnalysis.read(file))
        .isInstanceOf(MalformedReportException.class)
        .hasMessageContaining("analysis.json")
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"bert", "gpt2", "gpt_neox", "llama", "phi", "vit", "sample:all-MiniLM-L6-v2"})
  void whatIsReadIsWhatWasWritten(String family) throws Exception {
    String text = json(family);
    List<AnalysisReport> read = StoredAnalysis.read(stored(text));
    assertThat(read).hasSize(1);
    assertThat(JsonReport.write(read.getFirst(), "test")).isEqualTo(text);
    AnalysisReport measured = SampleReports.of(family);
    assertThat(CsvReport.write(read.getFirst())).isEqualTo(CsvReport.write(measured));
    assertThat(HtmlPage.write(AnalysisPage.of(read), "1"))
        .isEqualTo(HtmlPage.write(AnalysisPage.of(List.of(measured)), "1"));
  }

  @Test
  void comparisonIsReadModelByModel() throws Exception {
    List<AnalysisReport> both = List.of(SampleReports.of("bert"), SampleReports.of("llama"));
    String text = JsonReport.write(both, "test");
    assertThat(JsonReport.write(StoredAnalysis.read(stored(text)), "test")).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "hfmerge.analysis/1 | hfmerge.analysis/2 | schema: expected",
        "\"frobenius\": | \"frobenius\": -1, \"was\": | frobenius: expected a number from 0 on",
        "\"frobenius\": | \"frobenius\": 1e999, \"was\": | frobenius: expected a finite number",
        "\"frobenius\": | \"frobenius\": \"1\", \"was\": | frobenius: expected a finite number",
        "\"frobenius\": | \"frobenius\": 7, \"was\": | was: a field that this version does not know",
        "\"rows\": | \"rows\": 1e3, \"was\": | rows: expected a whole number",
        "\"rows\": | \"rows\": 4294967296, \"was\": | rows: expected a whole number",
        "\"role\": \"Q\" | \"role\": \"X\" | role: expected one of",
        "\"tensor\": | \"tensor\": null, \"was\": | tensor: expected a text",
        "\"skipped\": [] | \"skipped\": {} | skipped: expected a list",
        "\"matrices\": [ | \"matrices\": [ 3, | matrices[0]: expected an object",
        "\"singularValues\": [ | \"singularValues\": [ 1, | singularValues: expected",
        "\"rowNormsA\": [ | \"rowNormsA\": [ 1, | norms against",
        "\"schema\" | \"schema\": 1, \"schema\" | Duplicate",
        "\"device\": | \"extra\": 1, \"device\": | extra: a field that this version does not know",
      })
  void brokenFileIsRefusedWithItsField(String part, String instead, String message)
      throws Exception {
    String text = json("bert");
    assertThat(text).contains(part);
    int at = text.indexOf(part);
    refused(text.substring(0, at) + instead + text.substring(at + part.length()), message);
  }

  @Test
  void numberThatDoesNotFollowFromTheOthersIsRefused() throws Exception {
    String text = json("bert");
    refused(
        text.replaceFirst("\"stableRank\": [0-9.]+", "\"stableRank\": 2.5"),
        "stableRank: expected");
    refused(
        text.replaceFirst("\"epsilonRank\": [0-9]+", "\"epsilonRank\": 3"),
        "epsilonRank: expected");
    refused(
        text.replaceFirst("\"effectiveRank\": [0-9.]+", "\"effectiveRank\": 1.5"),
        "effectiveRank: expected");
  }

  @Test
  void whatIsNoJsonIsRefused() throws Exception {
    refused("", "expected");
    refused("[]", "expected an object, found array");
    refused("{", "expected JSON");
    refused(json("bert") + "{}", "expected JSON");
    refused("{\"schema\": " + "[".repeat(100_000), "expected JSON");
    refused("{\"schema\": \"hfmerge.comparison/1\", \"reports\": []}", "one analysis or more");
  }

  @Test
  void randomDamageIsRefusedOrHarmless() throws Exception {
    byte[] bytes = json("bert").getBytes(java.nio.charset.StandardCharsets.UTF_8);
    Random random = new Random(11);
    Path file = folder.resolve("damaged.json");
    for (int i = 0; i < 200; i++) {
      byte[] damaged = bytes.clone();
      damaged[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      Files.write(file, damaged);
      try {
        HtmlPage.write(AnalysisPage.of(StoredAnalysis.read(file)), "test");
      } catch (MalformedReportException e) {
        assertThat(e).hasMessageContaining("damaged.json");
      }
    }
  }
}
