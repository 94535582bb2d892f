package io.hfmerge.hf.djl.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.djl.block.InvalidInputException;
import io.hfmerge.hf.djl.block.TransformerBlock.Wanted;
import io.hfmerge.hf.djl.block.TransformerInputs;
import io.hfmerge.hf.djl.model.TransformerModel;
import io.hfmerge.hf.testing.ModelFolders;
import io.hfmerge.hf.testing.StoredTensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TextEvaluationTest {

  /** Losses are F32 sums over small vocabularies. */
  private static final double TOLERANCE = 1e-5;

  private static TextEvaluation evaluation(OptionalInt window, OptionalInt stride) {
    return new TextEvaluation("", new TextEvaluation.Settings(window, stride, 0.15, 0));
  }

  private static long[] longs(StoredTensor tensor) {
    LongBuffer buffer =
        ByteBuffer.wrap(tensor.bytes()).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer();
    long[] values = new long[buffer.remaining()];
    buffer.get(values);
    return values;
  }

  private static Metric metric(Evaluation evaluation, String name) {
    return evaluation.metrics().stream()
        .filter(m -> m.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  /** transformers' mean_nll is over all shown tokens of both sequences of the batch. */
  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "llama", "qwen2", "gpt_neox"})
  void ofOneWindowIsTransformersMeanLoss(String family) throws Exception {
    Map<String, StoredTensor> golden =
        ModelFolders.read(ModelFolders.golden(family, "forward-base.safetensors"));
    StoredTensor ids = Objects.requireNonNull(golden.get("input_ids"));
    long[] all = longs(ids);
    long[] mask = longs(Objects.requireNonNull(golden.get("attention_mask")));
    int length = all.length / 2;
    double sum = 0;
    long count = 0;
    try (HfModel files = HfModels.open(ModelFolders.golden(family, "base").toString());
        TransformerModel model = TransformerModel.load(files, Device.cpu())) {
      for (int row = 0; row < 2; row++) {
        int from = row * length;
        int shown = (int) Arrays.stream(mask, from, from + length).sum();
        long[] tokens = Arrays.copyOfRange(all, from, from + shown);
        Evaluation found =
            evaluation(OptionalInt.empty(), OptionalInt.empty()).causal(model, tokens);
        double loss = metric(found, "loss").value();
        assertThat(metric(found, "perplexity").value()).isCloseTo(Math.exp(loss), within(1e-9));
        sum += loss * (shown - 1);
        count += shown - 1;
      }
    }

    double expected = Objects.requireNonNull(golden.get("mean_nll")).values()[0];
    assertThat(sum / count).isCloseTo(expected, within(TOLERANCE));
  }

  @Test
  void scoresEveryTokenButTheFirstOnceWithTheWindowBeforeIt() throws Exception {
    long[] ids = {5, 9, 40, 2, 77, 31, 8, 8, 60, 13, 21};
    int window = 4;
    try (HfModel files = HfModels.open(ModelFolders.golden("gpt2", "base").toString());
        TransformerModel model = TransformerModel.load(files, Device.cpu())) {
      double sum = 0;
      for (int token = 1; token < ids.length; token++) {
        sum += lossOfLast(model, Arrays.copyOfRange(ids, Math.max(0, token - 3), token + 1));
      }

      Evaluation found = evaluation(OptionalInt.of(window), OptionalInt.of(1)).causal(model, ids);
      assertThat(metric(found, "loss").value()).isCloseTo(sum / 10, within(TOLERANCE));
      assertThat(found.facts()).containsEntry("scoredTokens", 10);
    }
  }

  private static double lossOfLast(TransformerModel model, long[] ids) {
    try (NDManager manager = model.newManager()) {
      NDArray content = manager.create(ids).expandDims(0);
      float[] logits =
          Objects.requireNonNull(model.run(TransformerInputs.of(content), Wanted.LOGITS).logits())
              .get(0, ids.length - 2)
              .toFloatArray();
      double[] wide = new double[logits.length];
      Arrays.setAll(wide, i -> logits[i]);
      return ClassScores.logSumExp(wide) - wide[(int) ids[ids.length - 1]];
    }
  }

  @Test
  void refusesWindowsThatDoNotFit() throws Exception {
    long[] ids = {5, 9, 40};
    try (HfModel files = HfModels.open(ModelFolders.golden("gpt2", "base").toString());
        TransformerModel model = TransformerModel.load(files, Device.cpu())) {
      assertThatThrownBy(() -> evaluation(OptionalInt.of(8), OptionalInt.of(8)).causal(model, ids))
          .isInstanceOf(InvalidInputException.class)
          .hasMessageContaining("stride: expected 1 to 7");
      assertThatThrownBy(
              () -> evaluation(OptionalInt.of(1 << 20), OptionalInt.empty()).causal(model, ids))
          .isInstanceOf(InvalidInputException.class)
          .hasMessageContaining("window: expected 2 to");
      assertThatThrownBy(() ->
              evaluation(OptionalInt.empty(), OptionalInt.empty()).causal(model, new long[] {1}))
          .isInstanceOf(InvalidInputException.class)
          .hasMessageContaining("at least 2 tokens, found 1");
    }
  }
}
