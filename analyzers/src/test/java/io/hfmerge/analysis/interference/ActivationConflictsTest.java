package io.hfmerge.analysis.interference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.hfmerge.analysis.AnalysisRequest.Metrics;
import io.hfmerge.analysis.AnalysisSubject;
import io.hfmerge.analysis.interference.ActivationConflicts.Text;
import io.hfmerge.engine.MergeOptions;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.arch.Role;
import io.hfmerge.hf.djl.activation.TextSample;
import io.hfmerge.hf.djl.block.InvalidInputException;
import io.hfmerge.hf.djl.model.LoadOptions;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.progress.ProgressListener;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Holds what models do on texts against transformers and numpy (make_activations.py). */
class ActivationConflictsTest {

  /** Forward passes in f32 by different sums; similarities square them. */
  private static final double TOLERANCE = 1e-5;

  private static final Path CHECKPOINTS =
      Path.of("../hf-loader/src/test/resources/golden/checkpoints");

  private static final int WINDOW = 40;

  @TempDir private Path folder;

  private static Path golden(String name) throws Exception {
    return Path.of(
        Objects.requireNonNull(
                ActivationConflictsTest.class.getResource("/golden/activations/" + name))
            .toURI());
  }

  /** A checkpoint with a tokenizer. */
  private String model(String name, String copied) throws Exception {
    Path model = Files.createDirectories(folder.resolve(name));
    for (String file : new String[] {"config.json", "model.safetensors"}) {
      Files.copy(CHECKPOINTS.resolve("gpt2").resolve(copied).resolve(file), model.resolve(file));
    }
    for (String file : new String[] {"vocab.json", "merges.txt"}) {
      Files.copy(golden(file), model.resolve(file));
    }
    return model.toString();
  }

  private static Text text(String name) throws Exception {
    return new Text(name, Files.readString(golden(name + ".txt")));
  }

  private static ConflictReport measure(
      String base, SequencedMap<String, Double> models, List<Text> texts) throws Exception {
    List<HfModel> opened = new ArrayList<>();
    try (HfModel origin = HfModels.open(base)) {
      List<ConflictAnalyzer.Term> terms = new ArrayList<>();
      for (Map.Entry<String, Double> entry : models.entrySet()) {
        HfModel model = HfModels.open(entry.getKey());
        opened.add(model);
        terms.add(new ConflictAnalyzer.Term(subject(model), entry.getValue()));
      }
      ConflictReport report =
          ConflictAnalyzer.analyze(
              subject(origin),
              terms,
              new ConflictRequest(Metrics.NORMS, 4, false, 1),
              ProgressListener.NONE);
      return ActivationConflicts.add(
          report,
          texts,
          new ActivationConflicts.Setup(
              HfModels.load(),
              MergeMethods.installed(),
              MergeOptions.ofThreads(1),
              LoadOptions.cpu(),
              new TextSample.Settings(1024, WINDOW, 0),
              ProgressListener.NONE));
    } finally {
      for (HfModel model : opened) {
        model.close();
      }
    }
  }

  private static AnalysisSubject subject(HfModel model) {
    return new AnalysisSubject(
        model.reference(), model.location().revision(), model.checkpoint(), model.structure());
  }

  private static double value(List<MeasureValue> values, String key, int first, int second) {
    return values.stream()
        .filter(value ->
            value.measure().key().equals(key)
                && value.first().orElse(-1) == first
                && value.second().orElse(-1) == second)
        .mapToDouble(MeasureValue::value)
        .findFirst()
        .orElseThrow(() -> new AssertionError("no " + key + " of " + first + ", " + second));
  }

  @Test
  void everyMeasureIsThatOfTransformersAndNumpy() throws Exception {
    JsonNode expected = JsonMapper.shared().readTree(Files.readString(golden("expected.json")));
    SequencedMap<String, Double> models = new TreeMap<>();
    models.put(model("a", "a"), 1.0);
    models.put(model("b", "b"), 0.5);
    ConflictReport report =
        measure(model("base", "base"), models, List.of(text("one"), text("two")));

    List<MeasureValue> whole = report.model().values();
    for (int task = 0; task < 2; task++) {
      JsonNode own = expected.get("tasks").get(task);
      assertThat(report.texts().get(task).tokens()).isEqualTo(own.get("tokens").intValue());
      assertThat(report.texts().get(task).sequences()).isEqualTo(own.get("sequences").intValue());
      for (String key : List.of("outputChange", "outputDivergence")) {
        double value = own.get(key).doubleValue();
        assertThat(value(whole, key, task, 1 - task)).isEqualTo(value, within(TOLERANCE));
        String ofSum = "sumO" + key.substring(1);
        assertThat(value(whole, ofSum, task, -1)).isEqualTo(value, within(TOLERANCE));
      }
      for (String key : List.of("cka", "baseCka", "representationBias", "varianceRatio")) {
        double mean = 0;
        for (int layer = 0; layer < own.get(key).size(); layer++) {
          double value = own.get(key).get(layer).doubleValue();
          assertThat(value(report.layers().get(layer).values(), key, task, -1))
              .isEqualTo(value, within(TOLERANCE));
          mean += value / own.get(key).size();
        }
        assertThat(value(whole, key, task, -1)).isEqualTo(mean, within(TOLERANCE));
      }
    }
    assertThat(value(whole, "disentanglementError", 0, 1))
        .isEqualTo(expected.get("disentanglementError").doubleValue(), within(TOLERANCE));
    List<Role> roles = List.of(Role.Q, Role.O, Role.M1, Role.M2);
    for (ConflictReport.TensorConflicts tensor : report.tensors()) {
      int place = roles.indexOf(tensor.role());
      if (place >= 0) {
        double value =
            expected.get("inputGramOverlap").get(tensor.layer()).get(place).doubleValue();
        assertThat(value(tensor.values(), "inputGramOverlap", 0, 1))
            .isEqualTo(value, within(TOLERANCE));
      }
    }
  }

  /** A model that is the base changes nothing, whatever the text. */
  @Test
  void aTaskVectorOfNothingDisturbsNothing() throws Exception {
    SequencedMap<String, Double> models = new TreeMap<>();
    models.put(model("a", "a"), 1.0);
    models.put(model("same", "base"), 1.0);
    ConflictReport report = measure(model("base", "base"), models, List.of(text("one")));

    List<MeasureValue> whole = report.model().values();
    assertThat(value(whole, "outputChange", 0, 1)).isZero();
    assertThat(value(whole, "outputDivergence", 0, 1)).isEqualTo(0, within(1e-9));
    assertThat(value(whole, "cka", 0, -1)).isEqualTo(1, within(1e-9));
    assertThat(value(whole, "varianceRatio", 0, -1)).isEqualTo(1, within(TOLERANCE));
    assertThat(value(whole, "baseCka", 1, -1)).isEqualTo(1, within(1e-12));
    assertThat(value(whole, "disentanglementError", 0, 1))
        .isEqualTo(value(whole, "outputChange", 1, 0));
    assertThat(whole).noneMatch(value -> value.measure().key().equals("inputGramOverlap"));
  }

  @Test
  void ofThreeModelsEachPairIsSummedByItself() throws Exception {
    SequencedMap<String, Double> models = new TreeMap<>();
    models.put(model("a", "a"), 1.0);
    models.put(model("b", "b"), 1.0);
    models.put(model("same", "base"), 1.0);
    ConflictReport report = measure(model("base", "base"), models, List.of(text("one")));

    List<MeasureValue> whole = report.model().values();
    assertThat(value(whole, "outputChange", 0, 2)).isZero();
    assertThat(value(whole, "outputChange", 0, 1))
        .isPositive()
        .isEqualTo(value(whole, "sumOutputChange", 0, -1));
  }

  @Test
  void emptyTextsAreRefused() throws Exception {
    SequencedMap<String, Double> models = new TreeMap<>();
    models.put(model("a", "a"), 1.0);
    models.put(model("b", "b"), 1.0);
    String base = model("base", "base");

    assertThatThrownBy(() -> measure(base, models, List.of(new Text("nothing", ""))))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("at least one token");
  }
}
