package io.hfmerge.hf.djl.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.djl.model.LoadOptions;
import io.hfmerge.hf.testing.ModelFolders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Evaluations against transformers (make_eval.py): tokens, masks, losses, scores. */
class GoldenEvaluationTest {

  private static final Path GOLDEN = ModelFolders.GOLDEN.resolve("eval");

  /** Means of losses of f32 logits. */
  private static final double TOLERANCE = 1e-5;

  @TempDir private Path folder;

  private static JsonNode expected(String key) throws IOException {
    return JsonMapper.shared().readTree(Files.readString(GOLDEN.resolve("expected.json"))).get(key);
  }

  private Evaluation evaluate(Path model, String vocabulary, EvalTask task) throws IOException {
    Path copy = ModelFolders.copy(model, folder.resolve("model"), tensor -> tensor);
    Files.copy(GOLDEN.resolve(vocabulary), copy.resolve("vocab.txt"));
    try (HfModel files = HfModels.open(copy.toString())) {
      return task.evaluate(files, LoadOptions.cpu());
    }
  }

  private static void check(Evaluation found, JsonNode expected, String... metrics) {
    for (String name : metrics) {
      Metric metric =
          found.metrics().stream().filter(m -> m.name().equals(name)).findFirst().orElseThrow();
      assertThat(metric.value())
          .as(name)
          .isEqualTo(expected.get(name).doubleValue(), within(TOLERANCE));
    }
  }

  @Test
  void maskedLossIsThatOfTransformers() throws IOException {
    JsonNode expected = expected("masked");
    Evaluation found =
        evaluate(
            ModelFolders.golden("bert", "base"),
            "bert-vocab.txt",
            EvalTask.text(
                GOLDEN.resolve("masked.txt"),
                new TextEvaluation.Settings(OptionalInt.of(20), OptionalInt.empty(), 0.15, 7)));

    assertThat(found.task()).isEqualTo("masked-lm");
    assertThat(found.facts())
        .containsEntry("tokens", expected.get("tokens").intValue())
        .containsEntry("scoredTokens", expected.get("scoredTokens").intValue());
    check(found, expected, "loss", "accuracy");
  }

  /** Texts and pairs of them, labels by number and by name. */
  @Test
  void scoresOfASequenceClassifierAreThoseOfTransformers() throws IOException {
    Evaluation found =
        evaluate(
            ModelFolders.GOLDEN.resolve("forward/bert-sequence").toAbsolutePath(),
            "bert-sequence-vocab.txt",
            EvalTask.data(
                GOLDEN.resolve("rows.jsonl"),
                new ClassificationEvaluation.Settings(false, 0.8, 0)));

    assertThat(found.task()).isEqualTo("sequence-classification");
    check(found, expected("sequence"), "accuracy", "macro-f1", "loss");
  }
}
