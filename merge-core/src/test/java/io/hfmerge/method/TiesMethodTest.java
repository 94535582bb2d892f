package io.hfmerge.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.method.TaskVectorCase.Model;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TiesMethodTest extends SparseTaskVectorContractTest {

  @Override
  MergeMethod method() {
    return new TiesMethod();
  }

  private static TaskVectorCase ties(
      boolean normalize, boolean unweighted, Compatibility compatibility, Model... models) {
    return new TaskVectorCase(
        "ties", Shape.of(5), List.of(models), 1, normalize, false, unweighted, compatibility, 0);
  }

  private static Model of(double weight, double density) {
    return new Model(weight, density, 0, 0);
  }

  @Test
  void trimsElectsAndAveragesByHand() {
    float[][] inputs = {
      {10, 10, 10, 10, 10},
      {14, 8, 13, 10.5f, 10}, // 4, -2, 3 stay of 4, -2, 3, 0.5, 0
      {7, 5, 16, 10, 10.25f}, // -3, -5, 6 stay of -3, -5, 6, 0, 0.25
    };
    float[] merged =
        ties(true, false, Compatibility.HFMERGE, of(1, 0.6), of(0.5, 0.6)).merge(inputs, 1024);
    // 4 - 1.5: the first; -2 - 2.5: both; 3 + 3: both; nothing; nothing
    assertThat(merged).containsExactly(14, 10 - 4.5f / 1.5f, 10 + 6 / 1.5f, 10, 10);
  }

  @Test
  void unweightedElectionLetsALightModelWin() {
    float[][] inputs = {{0, 0, 0, 0, 0}, {1, 1, 1, 1, 1}, {-4, -4, -4, -4, -4}};
    Model[] models = {of(1, 1), of(0.125, 1)};
    assertThat(ties(false, false, Compatibility.HFMERGE, models).merge(inputs, 8)).containsOnly(1);
    assertThat(ties(false, true, Compatibility.HFMERGE, models).merge(inputs, 8))
        .containsOnly(-0.5f);
  }

  @Test
  void exactBalanceCountsAsPositive() {
    float[][] inputs = {{0, 0, 0, 0, 0}, {-2, 2, -2, 2, -2}, {2, -2, 2, -2, 2}};
    assertThat(ties(true, false, Compatibility.HFMERGE, of(1, 1), of(1, 1)).merge(inputs, 8))
        .containsOnly(2);
  }

  @Test
  void ofEqualMagnitudesTheFirstStay() {
    float[][] inputs = {{0, 0, 0, 0, 0}, {1, -1, 1, -1, 1}};
    assertThat(ties(true, false, Compatibility.HFMERGE, of(1, 0.5)).merge(inputs, 8))
        .containsExactly(1, -1, 0, 0, 0);
  }

  @Test
  void keepsOneEntryWhereMergekitStopsButNoneAtDensityZero() {
    float[][] inputs = {{0, 0, 0, 0, 0}, {1, -1, 3, -1, 1}};
    for (double density : new double[] {0, 0.19}) {
      assertThat(ties(true, false, Compatibility.HFMERGE, of(1, density)).merge(inputs, 8))
          .containsExactly(0, 0, density == 0 ? 0 : 3, 0, 0);
      TaskVectorCase mergekit = ties(true, false, Compatibility.MERGEKIT, of(1, density));
      assertThatThrownBy(() -> mergekit.mergeMethod().prepare(mergekit.context()))
          .isInstanceOf(InvalidRecipeException.class)
          .hasMessageContaining("\"layers.0.weight\" of model \"org/model-1\"")
          .hasMessageContaining("none of its 5 entries");
    }
  }

  @Test
  void bfloat16ResultsAreRightToTheLastBitButOne() {
    Random random = new Random(SEED);
    float[][] inputs = new float[3][5000];
    for (int i = 0; i < 5000; i++) {
      inputs[0][i] = random.nextInt(-512, 512) * 0x1p-12f;
      inputs[1][i] = inputs[0][i] + random.nextInt(-40, 41) * 0x1p-14f;
      inputs[2][i] = inputs[0][i] + random.nextInt(-40, 41) * 0x1p-14f;
    }
    for (boolean normalize : new boolean[] {true, false}) {
      TaskVectorCase merge =
          new TaskVectorCase(
              "ties",
              Shape.of(5000),
              List.of(of(0.75, 0.3), of(-0.5, 0.6)),
              1.25,
              normalize,
              false,
              false,
              Compatibility.HFMERGE,
              0);
      TensorContext wide = merge.context();
      TensorContext narrow =
          new TensorContext(
              new TensorSpec("t", DType.BF16, Shape.of(5000)),
              wide.models(),
              0,
              wide.parameters(),
              Compatibility.HFMERGE,
              0);
      double[] expected = merge.expected(inputs);
      float[] merged = MergeRun.merge(new TiesMethod(), narrow, inputs, 1024);
      for (int i = 0; i < merged.length; i++) {
        // terms below 1/4, a few roundings of F32 each
        assertThat((double) merged[i]).isCloseTo(expected[i], within(0x1p-24));
      }
    }
  }

  @Test
  void subnormalWeightsDivideExactly() {
    float[][] inputs = {{0, 0, 0, 0, 0}, {1, 2, 3, 4, 5}, {1, 2, 3, 4, 5}};
    double tiny = Double.MIN_VALUE * 1024;
    assertThat(ties(true, false, Compatibility.HFMERGE, of(tiny, 1), of(tiny, 1)).merge(inputs, 8))
        .containsExactly(1, 2, 3, 4, 5);
  }
}
