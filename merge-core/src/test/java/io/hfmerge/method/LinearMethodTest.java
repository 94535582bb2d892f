package io.hfmerge.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.tensor.DType;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LinearMethodTest extends MergeMethodContractTest {

  @Override
  MergeMethod method() {
    return new LinearMethod();
  }

  @Test
  void isTheWeightedMean() {
    float[][] inputs = {{1, 10}, {3, 50}};
    float[] out = new float[2];
    kernel(DType.F32, Map.of(), 0.5, 1.5).merge(inputs, out, 2, 0);
    assertThat(out).containsExactly(2.5f, 40);
  }

  @Test
  void isTheWeightedSumWithoutNormalize() {
    float[][] inputs = {{1, 10}, {3, 50}};
    float[] out = new float[2];
    kernel(DType.F32, Map.of("normalize", 0.0), 0.5, -1.5).merge(inputs, out, 2, 0);
    assertThat(out).containsExactly(-4, -70);
  }

  @Test
  void givesIdenticalModelsBackOfAnySizeBitForBit() {
    double[][] weights = {{0.3, 0.9, 0.1}, {1, 1, 1}, {2, -0.7, 0.1}, {0, 0.2, 0}, {-1, -2, -4}};
    for (double[] w : weights) {
      float[][] inputs = identicalInputs(3);
      float[] out = new float[inputs[0].length];
      kernel(DType.F32, Map.of(), w).merge(inputs, out, out.length, 0);
      assertThat(out).isEqualTo(inputs[0]);
      assertThat(1 / out[1]).isEqualTo(Float.NEGATIVE_INFINITY);
    }
  }

  @Test
  void givesIdenticalModelsBackBitForBit() {
    double[][] weights = {{0.3, 0.9, 0.1}, {1, 1, 1}, {2, -0.7, 0.1}, {0, 0.2, 0}, {-1, -2, -4}};
    for (double[] w : weights) {
      float[][] inputs = randomInputs(1, 1000);
      for (int i = 0; i < 1000; i++) {
        inputs[0][i] = i == 0 ? -0f : inputs[0][i];
      }
      float[] out = new float[1000];
      kernel(DType.F32, Map.of(), w)
          .merge(new float[][] {inputs[0], inputs[0], inputs[0]}, out, 1000, 0);
      for (int i = 0; i < 1000; i++) {
        assertThat(Float.floatToRawIntBits(out[i]))
            .isEqualTo(Float.floatToRawIntBits(inputs[0][i]));
      }
    }
  }

  @Test
  void theAnchoredMeanIsTheMean() {
    float[][] inputs = randomInputs(3, 65);
    float[] out = new float[65];
    kernel(DType.F32, Map.of(), 0.2, 0.5, -0.1).merge(inputs, out, 65, 0);
    for (int i = 0; i < 65; i++) {
      double expected = (0.2 * inputs[0][i] + 0.5 * inputs[1][i] - 0.1 * inputs[2][i]) / 0.6;
      assertThat(out[i]).isEqualTo((float) expected);
    }
  }

  @Test
  void refusesToNormaliseWeightsThatCancelAndNamesTheTensor() {
    double[][] cancelling = {{0, 0}, {1, -1}, {0.1, 0.2, -0.3}};
    for (double[] weights : cancelling) {
      TensorContext context = context(DType.F32, Map.of(), weights);
      assertThatThrownBy(() -> new LinearMethod().prepare(context))
          .isInstanceOf(InvalidRecipeException.class)
          .hasMessageContaining("\"layer.weight\"")
          .hasMessageContaining("normalize: false");
    }
  }

  @Test
  void zeroWeightsGiveZeroWithoutNormalize() {
    float[] out = {1, 1};
    kernel(DType.F32, Map.of("normalize", 0.0), 0, 0)
        .merge(new float[][] {{3, 4}, {5, 6}}, out, 2, 0);
    assertThat(out).containsExactly(0, 0);
  }
}
