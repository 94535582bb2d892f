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
    double[][] inputs = {{1, 10}, {3, 50}};
    double[] out = new double[2];
    kernel(DType.F32, Map.of(), 0.5, 1.5).merge(inputs, out, 2, 0);
    assertThat(out).containsExactly(2.5, 40);
  }

  @Test
  void isTheWeightedSumWithoutNormalize() {
    double[][] inputs = {{1, 10}, {3, 50}};
    double[] out = new double[2];
    kernel(DType.F32, Map.of("normalize", 0.0), 0.5, -1.5).merge(inputs, out, 2, 0);
    assertThat(out).containsExactly(-4, -70);
  }

  @Test
  void givesIdenticalModelsBackInF64BitForBit() {
    double[][] weights = {{0.3, 0.9, 0.1}, {1, 1, 1}, {2, -0.7, 0.1}, {0, 0.2, 0}, {-1, -2, -4}};
    for (double[] w : weights) {
      double[][] inputs = identicalInputs(3);
      double[] out = new double[inputs[0].length];
      kernel(DType.F64, Map.of(), w).merge(inputs, out, out.length, 0);
      assertThat(out).isEqualTo(inputs[0]);
      assertThat(1 / out[1]).isEqualTo(Double.NEGATIVE_INFINITY);
    }
  }

  @Test
  void givesIdenticalModelsBackInF32BitForBit() {
    double[][] weights = {{0.3, 0.9, 0.1}, {1, 1, 1}, {2, -0.7, 0.1}, {0, 0.2, 0}, {-1, -2, -4}};
    for (double[] w : weights) {
      double[][] inputs = randomInputs(1, 1000);
      for (int i = 0; i < 1000; i++) {
        inputs[0][i] = i == 0 ? -0.0 : (float) inputs[0][i];
      }
      double[] out = new double[1000];
      kernel(DType.F32, Map.of(), w)
          .merge(new double[][] {inputs[0], inputs[0], inputs[0]}, out, 1000, 0);
      for (int i = 0; i < 1000; i++) {
        assertThat(Float.floatToRawIntBits((float) out[i]))
            .isEqualTo(Float.floatToRawIntBits((float) inputs[0][i]));
      }
    }
  }

  @Test
  void theAnchoredMeanIsTheMean() {
    double[][] inputs = randomInputs(3, 65);
    double[] out = new double[65];
    kernel(DType.F64, Map.of(), 0.2, 0.5, -0.1).merge(inputs, out, 65, 0);
    for (int i = 0; i < 65; i++) {
      double expected = (0.2 * inputs[0][i] + 0.5 * inputs[1][i] - 0.1 * inputs[2][i]) / 0.6;
      assertThat(out[i]).isCloseTo(expected, org.assertj.core.data.Offset.offset(1e-13));
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
    double[] out = {1, 1};
    kernel(DType.F32, Map.of("normalize", 0.0), 0, 0)
        .merge(new double[][] {{3, 4}, {5, 6}}, out, 2, 0);
    assertThat(out).containsExactly(0, 0);
  }
}
