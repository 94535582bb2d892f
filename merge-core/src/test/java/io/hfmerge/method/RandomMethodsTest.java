package io.hfmerge.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.method.TaskVectorCase.Model;
import io.hfmerge.tensor.Shape;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How many entries random methods keep, and what comes out on average. */
class RandomMethodsTest {

  /** A seed of which one draw in a hundred million lies further off would be bad luck. */
  private static final double STANDARD_ERRORS = 6;

  private static TaskVectorCase merge(
      String method, Shape shape, double density, double epsilon, boolean rescale, long seed) {
    return new TaskVectorCase(
        method,
        shape,
        List.of(new Model(1, density, 0, epsilon)),
        1,
        false,
        rescale,
        false,
        Compatibility.HFMERGE,
        seed);
  }

  private static float[][] ones(int length) {
    float[][] inputs = new float[2][length];
    Arrays.fill(inputs[1], 1);
    return inputs;
  }

  @ParameterizedTest
  @ValueSource(strings = {"dare_linear", "dare_ties", "della", "della_linear"})
  void theRightNumberStaysAndTheSumIsRightOnAverage(String method) {
    Shape shape = Shape.of(100, 500);
    int n = 50_000;
    double epsilon = 0.1;
    for (double density : new double[] {0.2, 0.5, 0.85}) {
      for (long seed = 0; seed < 5; seed++) {
        float[] kept = merge(method, shape, density, epsilon, false, seed).merge(ones(n), 1024);
        double spread = STANDARD_ERRORS * Math.sqrt(n * density * (1 - density));
        assertThat(sum(kept)).isCloseTo(n * density, within(spread));
        float[] rescaled = merge(method, shape, density, epsilon, true, seed).merge(ones(n), 1024);
        // the variance of a draw divided by its probability p is (1 - p) / p
        double least = method.startsWith("della") ? density - epsilon : density;
        double noise = STANDARD_ERRORS * Math.sqrt(n * (1 - least) / least);
        assertThat(sum(rescaled)).isCloseTo(n, within(noise));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"dare_linear", "della_linear"})
  void eachElementIsRightOnAverageOverSeeds(String method) {
    int seeds = 4000;
    int row = 5;
    double density = 0.5;
    double epsilon = 0.3;
    double[] sums = new double[2 * row];
    double[] counts = new double[2 * row];
    float[][] inputs = {new float[2 * row], {1, -2, 3, -4, 5, 5, 4, -3, 2, 1}};
    for (long seed = 0; seed < seeds; seed++) {
      float[] merged =
          merge(method, Shape.of(2, row), density, epsilon, true, seed).merge(inputs, 1024);
      for (int i = 0; i < merged.length; i++) {
        sums[i] += merged[i];
        counts[i] += merged[i] != 0 ? 1 : 0;
      }
    }
    for (int i = 0; i < sums.length; i++) {
      int rank = i < row ? i : 2 * row - 1 - i;
      double p =
          method.startsWith("dare") ? density : density - epsilon + 2 * epsilon * rank / (row - 1);
      double error = STANDARD_ERRORS * Math.sqrt(p * (1 - p) * seeds);
      assertThat(counts[i]).as("element %d", i).isCloseTo(p * seeds, within(error));
      assertThat(sums[i])
          .as("element %d", i)
          .isCloseTo(inputs[1][i] * seeds, within(Math.abs(inputs[1][i]) * error / p));
    }
  }

  @Test
  void neighboursAreIndependent() {
    int n = 1 << 16;
    float[] kept = merge("dare_linear", Shape.of(n), 0.5, 0, false, 3).merge(ones(n), 1024);
    for (int distance : new int[] {1, 2, 3, 255, 256, 257, 512, 1024}) {
      int both = 0;
      for (int i = distance; i < n; i++) {
        both += kept[i] != 0 && kept[i - distance] != 0 ? 1 : 0;
      }
      double pairs = n - distance;
      assertThat(both / pairs)
          .as("distance %d", distance)
          .isCloseTo(0.25, within(STANDARD_ERRORS * Math.sqrt(0.25 * 0.75 / pairs)));
    }
  }

  @Test
  void masksOfModelsDiffer() {
    float[][] inputs = {new float[4096], ones(4096)[1], ones(4096)[1]};
    TaskVectorCase merge =
        new TaskVectorCase(
            "dare_linear",
            Shape.of(4096),
            List.of(new Model(1, 0.5, 0, 0), new Model(2, 0.5, 0, 0)),
            1,
            false,
            false,
            false,
            Compatibility.HFMERGE,
            9);
    float[] merged = merge.merge(inputs, 1024);
    for (float value : new float[] {0, 1, 2, 3}) {
      int count = 0;
      for (float each : merged) {
        count += each == value ? 1 : 0;
      }
      assertThat((double) count)
          .isCloseTo(1024, within(STANDARD_ERRORS * Math.sqrt(4096 * 0.25 * 0.75)));
    }
  }

  @Test
  void probabilitiesOutsideOfZeroAndOneAreRefused() {
    for (double[] wrong : new double[][] {{0.9, 0.1}, {0.1, 0.1}, {0.5, 0.5}}) {
      TaskVectorCase merge = merge("della", Shape.of(4, 4), wrong[0], wrong[1], true, 0);
      assertThatThrownBy(() -> merge.mergeMethod().prepare(merge.context()))
          .isInstanceOf(InvalidRecipeException.class)
          .hasMessageContaining("\"layers.0.weight\" of model \"org/model-1\"")
          .hasMessageContaining("density - epsilon");
    }
  }

  @Test
  void rowsBeyondWhatATileCanHoldAreRefused() {
    TaskVectorCase merge = merge("della", Shape.of(1L << 24), 0.5, 0.1, true, 0);
    assertThatThrownBy(() -> merge.mergeMethod().prepare(merge.context()))
        .isInstanceOf(InvalidRecipeException.class)
        .hasMessageContaining("F32[16777216]");
  }

  private static double sum(float[] values) {
    double sum = 0;
    for (float value : values) {
      sum += value;
    }
    return sum;
  }
}
