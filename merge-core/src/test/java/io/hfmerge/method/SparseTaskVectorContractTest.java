package io.hfmerge.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.method.TaskVectorCase.Model;
import io.hfmerge.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.FieldSource;

/** What every method that thins out task vectors holds to. */
abstract class SparseTaskVectorContractTest extends MergeMethodContractTest {

  static final List<Shape> SHAPES =
      List.of(
          Shape.of(),
          Shape.of(0),
          Shape.of(1),
          Shape.of(2),
          Shape.of(3),
          Shape.of(7),
          Shape.of(64),
          Shape.of(65),
          Shape.of(5, 13),
          Shape.of(13, 5),
          Shape.of(1, 65),
          Shape.of(65, 1),
          Shape.of(3, 4, 5),
          Shape.of(2, 3, 1, 2),
          Shape.of(3, 400));

  private static final double[] DENSITIES = {0, 0.1, 0.35, 0.5, 0.6, 0.9, 1};

  private final String name = method().description().name();

  private boolean ranksAtRandom() {
    return name.startsWith("della");
  }

  private boolean random() {
    return ranksAtRandom() || name.startsWith("dare");
  }

  private Model model(double weight, double density) {
    // within (0, 1) on both sides of every density in use
    double epsilon = Math.min(0.15, Math.min(density, 1 - density) / 2);
    return new Model(weight, density, 0.05, epsilon);
  }

  private TaskVectorCase with(Shape shape, Model... models) {
    return new TaskVectorCase(
        name, shape, List.of(models), 1, false, false, false, Compatibility.HFMERGE, 5);
  }

  private TaskVectorCase anyCase(Shape shape, int models, Compatibility compatibility, Random r) {
    List<Model> all = new ArrayList<>();
    for (int i = 0; i < models; i++) {
      double weight = r.nextInt(6) == 0 ? 0 : Math.round(r.nextGaussian() * 8) / 8.0;
      all.add(model(weight, DENSITIES[r.nextInt(DENSITIES.length)]));
    }
    return new TaskVectorCase(
        name,
        shape,
        all,
        r.nextBoolean() ? 1 : 0.7,
        r.nextBoolean(),
        r.nextBoolean(),
        r.nextBoolean(),
        compatibility,
        r.nextLong());
  }

  static float[][] inputs(int models, int length, Random random) {
    float[][] inputs = new float[models + 1][length];
    for (int i = 0; i < length; i++) {
      inputs[0][i] = (float) random.nextGaussian();
      for (int m = 1; m <= models; m++) {
        // with unchanged entries and with equal magnitudes
        inputs[m][i] = inputs[0][i] + random.nextInt(-4, 5) * 0x1p-6f;
        if (random.nextInt(3) > 0) {
          inputs[m][i] += (float) random.nextGaussian() * 0.1f;
        }
      }
    }
    return inputs;
  }

  private static void assertEqual(TaskVectorCase merge, float[][] inputs) {
    double[] expected = merge.expected(inputs);
    float[] actual = merge.merge(inputs, 1024);
    for (int i = 0; i < expected.length; i++) {
      if (Double.isNaN(expected[i])) {
        assertThat(actual[i]).as("%s [%d]", merge, i).isNaN();
      } else if (Double.isInfinite(expected[i])) {
        assertThat(actual[i]).as("%s [%d]", merge, i).isNotFinite();
      } else {
        // one rounding to F32 on either side of a tie, and F64 noise of sums that cancel
        assertThat((double) actual[i])
            .as("%s [%d]", merge, i)
            .isCloseTo(expected[i], within(Math.ulp((float) expected[i]) * 0.5001 + 1e-12));
      }
    }
  }

  private boolean refused(TaskVectorCase merge) {
    boolean mergekit = merge.compatibility() == Compatibility.MERGEKIT;
    long n = merge.shape().elements();
    boolean empty = name.equals("ties") && n > 0;
    boolean single = ranksAtRandom() && RankedDrop.rowLength(merge.shape()) == 1;
    return mergekit
        && merge.models().stream()
            .anyMatch(m ->
                (empty && m.density() < 1 && Math.floor(m.density() * n) == 0)
                    || (single && m.density() < 1 && m.density() > 0));
  }

  @ParameterizedTest
  @EnumSource
  void equalsTheFormulas(Compatibility compatibility) {
    Random random = new Random(SEED);
    for (Shape shape : SHAPES) {
      for (int models : new int[] {1, 2, 2, 2, 3, 4, 9}) {
        for (int repeat = 0; repeat < 4; repeat++) {
          TaskVectorCase merge = anyCase(shape, models, compatibility, random);
          float[][] inputs = inputs(models, (int) shape.elements(), random);
          if (refused(merge)) {
            assertThatThrownBy(() -> merge.mergeMethod().prepare(merge.context()))
                .isInstanceOf(InvalidRecipeException.class)
                .hasMessageContaining("layers.0.weight")
                .hasMessageContaining("mergekit");
          } else {
            assertEqual(merge, inputs);
          }
        }
      }
    }
  }

  void assertEqualsTheFormulas(Shape shape) {
    Random random = new Random(SEED + 4);
    TaskVectorCase merge = anyCase(shape, 2, Compatibility.HFMERGE, random);
    assertEqual(merge, inputs(2, (int) shape.elements(), random));
  }

  @Test
  void equalsTheFormulasWithNanAndInfinities() {
    Random random = new Random(SEED + 1);
    for (int models = 1; models <= 3; models++) {
      for (int repeat = 0; repeat < 10; repeat++) {
        TaskVectorCase merge = anyCase(Shape.of(5, 13), models, Compatibility.HFMERGE, random);
        if (merge.rescale() && !random()) {
          continue; // a sum of magnitudes that is not finite leaves nothing finite to compare
        }
        float[][] inputs = inputs(models, 65, random);
        inputs[random.nextInt(models + 1)][3] = Float.NaN;
        inputs[random.nextInt(models + 1)][17] = Float.POSITIVE_INFINITY;
        inputs[random.nextInt(models + 1)][64] = Float.NEGATIVE_INFINITY;
        float[] out = merge.merge(inputs, 1024);
        for (int i = 0; i < out.length; i++) {
          boolean finite = true;
          for (float[] input : inputs) {
            finite &= Float.isFinite(input[i]);
          }
          assertThat(Float.isFinite(out[i])).as("%s [%d]", merge, i).isEqualTo(finite);
        }
      }
    }
  }

  @ParameterizedTest
  @FieldSource("SHAPES")
  void doesNotDependOnTheTiles(Shape shape) {
    Random random = new Random(SEED + 2);
    for (Compatibility compatibility : Compatibility.values()) {
      for (int models = 1; models <= 4; models++) {
        TaskVectorCase merge = anyCase(shape, models, compatibility, random);
        if (refused(merge)) {
          continue;
        }
        float[][] inputs = inputs(models, (int) shape.elements(), random);
        float[] expected = merge.merge(inputs, 1 << 20);
        for (int tile : new int[] {1, 3, 64, 1000, 1024}) {
          assertThat(merge.merge(inputs, tile)).as("%s by %d", merge, tile).isEqualTo(expected);
        }
      }
    }
  }

  @ParameterizedTest
  @FieldSource("SHAPES")
  void lambdaZeroGivesTheBaseBitForBit(Shape shape) {
    Random random = new Random(SEED + 3);
    TaskVectorCase any = anyCase(shape, 3, Compatibility.HFMERGE, random);
    TaskVectorCase merge =
        new TaskVectorCase(
            name, shape, any.models(), 0, true, true, false, Compatibility.HFMERGE, 1);
    float[][] inputs = inputs(3, (int) shape.elements(), random);
    if (inputs[0].length > 0) {
      inputs[0][0] = -0f;
    }
    assertThat(bits(merge.merge(inputs, 1024))).isEqualTo(bits(inputs[0]));
  }

  @Test
  void modelsEqualToTheBaseGiveItBackBitForBit() {
    Random random = new Random(SEED + 4);
    for (int models = 1; models <= 4; models++) {
      for (int repeat = 0; repeat < 8; repeat++) {
        float[][] inputs = identicalInputs(models + 1);
        TaskVectorCase merge =
            anyCase(Shape.of(inputs[0].length), models, Compatibility.HFMERGE, random);
        assertThat(bits(merge.merge(inputs, 1024))).as("%s", merge).isEqualTo(bits(inputs[0]));
      }
    }
  }

  @Test
  void densityOneIsTaskArithmeticWhereOneModelHasASay() {
    float[][] inputs = inputs(1, 65, new Random(SEED + 5));
    float[] out = with(Shape.of(65), model(0.8, 1)).merge(inputs, 1024);
    for (int i = 0; i < out.length; i++) {
      double delta = (double) inputs[1][i] - inputs[0][i];
      assertThat(out[i]).isEqualTo((float) (inputs[0][i] + 0.8 * delta));
    }
  }

  @Test
  void weightsThatAddUpToZeroLeaveNoInfinity() {
    float[][] inputs = inputs(2, 65, new Random(SEED + 6));
    TaskVectorCase merge =
        new TaskVectorCase(
            name,
            Shape.of(65),
            List.of(model(1, 0.6), model(-1, 0.6)),
            1,
            true,
            true,
            false,
            Compatibility.HFMERGE,
            7);
    assertEqual(merge, inputs);
    for (float value : merge.merge(inputs, 1024)) {
      assertThat(value).isFinite();
    }
  }

  @Test
  void theOrderOfModelsDoesNotMatterForSparseTaskVectors() {
    Random random = new Random(SEED + 8);
    float[][] inputs = inputs(3, 65, random);
    if (random()) {
      return; // masks are keyed by the model's reference, which this test names by its place
    }
    Model a = model(0.3, 0.35);
    Model b = model(0.9, 0.6);
    Model c = model(-0.4, 0.5);
    float[] one = with(Shape.of(65), a, b, c).merge(inputs, 1024);
    float[][] swapped = {inputs[0], inputs[3], inputs[1], inputs[2]};
    float[] other = with(Shape.of(65), c, a, b).merge(swapped, 1024);
    for (int i = 0; i < one.length; i++) {
      assertThat(other[i]).isCloseTo(one[i], within(Math.ulp(one[i])));
    }
  }

  static int[] bits(float[] values) {
    int[] bits = new int[values.length];
    Arrays.setAll(bits, i -> Float.floatToRawIntBits(values[i]));
    return bits;
  }
}
