package io.hfmerge.method;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.tensor.DType;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TaskArithmeticMethodTest extends MergeMethodContractTest {

  @Override
  MergeMethod method() {
    return new TaskArithmeticMethod();
  }

  @Test
  void addsWeightedDifferencesToTheBase() {
    float[][] inputs = {{1, 10}, {3, 10}, {0, 14}};
    float[] out = new float[2];
    kernel(DType.F32, Map.of("lambda", 0.5), 0, 2, 3).merge(inputs, out, 2, 0);
    assertThat(out).containsExactly(1 + 0.5f * (2 * 2 - 3), 10 + 0.5f * 3 * 4);
  }

  @Test
  void dividesByTheSumOfWeightsWithNormalize() {
    float[][] inputs = {{1}, {3}, {9}};
    float[] out = new float[1];
    kernel(DType.F32, Map.of("normalize", 1.0), 0, 1, 3).merge(inputs, out, 1, 0);
    assertThat(out).containsExactly(1 + (2 + 24) / 4f);
  }

  @Test
  void doesNotDivideByAVanishingSumAndRemarksOnIt() {
    Map<String, Double> normalize = Map.of("normalize", 1.0);
    float[] out = new float[1];
    kernel(DType.F32, normalize, 0, 1, -1).merge(new float[][] {{1}, {3}, {9}}, out, 1, 0);
    assertThat(out).containsExactly(1 + 2 - 8);
    assertThat(method().remarks(context(DType.F32, normalize, 0, 1, -1)))
        .singleElement()
        .asString()
        .contains("add up to zero");
    assertThat(method().remarks(context(DType.F32, normalize, 0, 1, 1))).isEmpty();
  }

  @Test
  void lambdaZeroGivesTheBaseBitForBit() {
    float[][] inputs = {identicalInputs(1)[0], randomInputs(1, 12)[0]};
    float[] out = new float[12];
    kernel(DType.F32, Map.of("lambda", 0.0), 0, 5).merge(inputs, out, 12, 0);
    assertThat(out).isEqualTo(inputs[0]);
    assertThat(1 / out[1]).isEqualTo(Float.NEGATIVE_INFINITY);
  }

  @Test
  void modelsEqualToTheBaseGiveItBackBitForBitWithAnyWeights() {
    double[][] weights = {{0, 0.3, 0.9}, {0, -4, 1e9}, {0, 0, 0}, {0, 1, -1}};
    for (double[] w : weights) {
      float[][] inputs = identicalInputs(3);
      float[] out = new float[inputs[0].length];
      kernel(DType.F32, Map.of(), w).merge(inputs, out, out.length, 0);
      assertThat(out).isEqualTo(inputs[0]);
      assertThat(1 / out[1]).isEqualTo(Float.NEGATIVE_INFINITY);
    }
  }

  @Test
  void zeroWeightsGiveTheBase() {
    float[][] inputs = randomInputs(3, 65);
    float[] out = new float[65];
    kernel(DType.F32, Map.of(), 0, 0, 0).merge(inputs, out, 65, 0);
    assertThat(out).isEqualTo(inputs[0]);
  }

  @Test
  void weightOneOfOneModelGivesThatModelUpToRounding() {
    float[][] inputs = randomInputs(2, 65);
    float[] out = new float[65];
    kernel(DType.F32, Map.of(), 0, 1).merge(inputs, out, 65, 0);
    for (int i = 0; i < 65; i++) {
      assertThat(out[i]).isEqualTo(inputs[1][i]);
    }
  }

  @Test
  void largeWeightsThatCancelAreSummedInF64ForNarrowDtypesToo() {
    float[][] inputs = randomInputs(3, 65);
    float[] out = new float[65];
    kernel(DType.BF16, Map.of(), 0, 1e5, -1e5).merge(inputs, out, 65, 0);
    for (int i = 0; i < 65; i++) {
      double b = inputs[0][i];
      double expected = b + 1e5 * (inputs[1][i] - b) - 1e5 * (inputs[2][i] - b);
      // rounded to F32 once; F32 sums of terms near 1e5 would be off by some 1e-2
      assertThat((double) out[i])
          .isCloseTo(
              expected, org.assertj.core.data.Offset.offset((double) Math.ulp((float) expected)));
    }
  }
}
