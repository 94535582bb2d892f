package io.hfmerge.analysis.interference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.hfmerge.analysis.AnalysisRequest.Metrics;
import io.hfmerge.analysis.AnalysisSubject;
import io.hfmerge.analysis.interference.ConflictReport.TensorConflicts;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.progress.ProgressListener;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Holds every measure against numpy's float64 SVDs of task vectors formed whole. */
class GoldenConflictsTest {

  /** Rounding of f64 sums, and of vectors from Gram matrices with the gaps of these spectra. */
  private static final double ROUNDING = 1e-9;

  /**
   * Ranks and nuclear norms count singular values down to 1e-7 of the largest, known to 1 % there.
   */
  private static final double RANKS = 1e-5;

  /** The arc cosine of a number near 1 has half of its digits. */
  private static final double DEGREES = 1e-5;

  private static final String FOLDER = "/golden/conflicts/";

  private static Path file(String name) throws Exception {
    return Path.of(
        Objects.requireNonNull(GoldenConflictsTest.class.getResource(FOLDER + name)).toURI());
  }

  private static JsonNode expected(String name) throws Exception {
    try (InputStream in =
        Objects.requireNonNull(GoldenConflictsTest.class.getResourceAsStream(FOLDER + name))) {
      return JsonMapper.shared().readTree(in);
    }
  }

  static ConflictReport analyze(ConflictRequest request, List<String> models, List<Double> weights)
      throws Exception {
    List<HfModel> opened = new ArrayList<>();
    try (HfModel base = HfModels.open(file("base.safetensors").toString())) {
      List<ConflictAnalyzer.Term> terms = new ArrayList<>();
      for (int t = 0; t < models.size(); t++) {
        HfModel model = HfModels.open(file(models.get(t) + ".safetensors").toString());
        opened.add(model);
        terms.add(
            new ConflictAnalyzer.Term(
                AnalysisSubject.of(model.checkpoint(), model.structure()), weights.get(t)));
      }
      return ConflictAnalyzer.analyze(
          AnalysisSubject.of(base.checkpoint(), base.structure()),
          terms,
          request,
          ProgressListener.NONE);
    } finally {
      for (HfModel model : opened) {
        model.close();
      }
    }
  }

  private static void compare(String place, List<MeasureValue> found, JsonNode expected) {
    Map<String, MeasureValue> byKey = new LinkedHashMap<>();
    for (MeasureValue value : found) {
      List<Integer> models = new ArrayList<>();
      value.first().ifPresent(models::add);
      value.second().ifPresent(models::add);
      byKey.put(value.measure().key() + " " + models, value);
    }
    List<String> keys = new ArrayList<>();
    for (JsonNode entry : expected) {
      List<Integer> models = new ArrayList<>();
      entry.get("models").forEach(model -> models.add(model.asInt()));
      String key = entry.get("measure").asString() + " " + models;
      keys.add(key);
      assertThat(byKey).as(place).containsKey(key);
      MeasureValue value = byKey.get(key);
      double number = entry.get("value").asDouble();
      double tolerance =
          key.contains("Angle")
              ? DEGREES
              : (key.contains("ank") || key.contains("nuclear") ? RANKS : ROUNDING)
                  * Math.max(1, Math.abs(number));
      assertThat(value.value()).as(place + " " + key).isCloseTo(number, within(tolerance));
      if (entry.get("chance").isNull()) {
        assertThat(value.chance()).as(place + " " + key).isEmpty();
      } else {
        double chance = entry.get("chance").asDouble();
        assertThat(value.chance().orElseThrow())
            .as(place + " chance of " + key)
            .isCloseTo(chance, within(ROUNDING * Math.max(1, chance)));
      }
    }
    assertThat(byKey.keySet()).as(place).containsExactlyInAnyOrderElementsOf(keys);
  }

  @ParameterizedTest
  @CsvSource({"two.json, 'a,c'", "three.json, 'a,b,c'"})
  void everyMeasureIsNumpys(String golden, String models) throws Exception {
    JsonNode expected = expected(golden);
    List<Double> weights = new ArrayList<>();
    expected.get("weights").forEach(weight -> weights.add(weight.asDouble()));
    ConflictReport report =
        analyze(ConflictRequest.everything(), List.of(models.split(",")), weights);
    assertThat(report.skipped()).isEmpty();
    assertThat(report.tensors()).hasSize(expected.get("tensors").size());
    for (TensorConflicts tensor : report.tensors()) {
      compare(tensor.tensor(), tensor.values(), expected.get("tensors").get(tensor.tensor()));
    }
    compare("model", report.model().values(), expected.get("model"));
  }

  @Test
  void normsAreThoseOfTheSpectra() throws Exception {
    List<String> models = List.of("a", "b", "c");
    List<Double> weights = List.of(1.0, 0.5, 2.0);
    ConflictReport quick =
        analyze(new ConflictRequest(Metrics.NORMS, 16, false, 1), models, weights);
    ConflictReport whole = analyze(ConflictRequest.everything(), models, weights);
    assertThat(quick.theory()).isEmpty();
    for (MeasureValue value : quick.model().values()) {
      MeasureValue same =
          whole.model().values().stream()
              .filter(other ->
                  other.measure().equals(value.measure())
                      && other.first().equals(value.first())
                      && other.second().equals(value.second()))
              .findFirst()
              .orElseThrow();
      // differences are read as floats there: 2^-24 an element
      assertThat(value.value())
          .as(value.measure().key())
          .isCloseTo(same.value(), within(1e-6 * Math.max(1, Math.abs(same.value()))));
    }
  }

  @Test
  void reportsDoNotDependOnThreads() throws Exception {
    List<String> models = List.of("a", "b", "c");
    List<Double> weights = List.of(1.0, 1.0, 1.0);
    assertThat(analyze(new ConflictRequest(Metrics.ALL, 16, false, 1), models, weights).tensors())
        .isEqualTo(
            analyze(new ConflictRequest(Metrics.ALL, 16, false, 4), models, weights).tensors());
  }
}
