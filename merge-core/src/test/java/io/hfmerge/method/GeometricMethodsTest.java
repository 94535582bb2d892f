package io.hfmerge.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import io.hfmerge.engine.MergeOptions;
import io.hfmerge.error.IncompatibleCheckpointsException;
import io.hfmerge.error.InvalidRecipeException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The methods that look at whole tensors, and those that compare models element by element, against
 * their formulas and at their limits.
 */
class GeometricMethodsTest {

  private static final long SEED = 20261122;

  /** Lengths around those of tiles, lanes and segments. */
  private static final int[] LENGTHS = {1, 2, 3, 7, 64, 65, 1025, 70_001};

  /** All but those of one line. */
  static final List<String> METHODS =
      List.of(
          "slerp",
          "nuslerp",
          "multislerp",
          "karcher",
          "model_stock",
          "sce",
          "nearswap",
          "arcee_fusion",
          "ram",
          "ramplus_tl");

  static int[] lengths() {
    return LENGTHS;
  }

  /** Values near 1, as of a layer. */
  private static float[] random(int length, long seed) {
    Random random = new Random(SEED + 7919 * seed + length);
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  /** A base and fine-tunes of it: a common direction, an own one, and entries that did not move. */
  private static float[] tuned(float[] base, int length, long seed, double size) {
    float[] common = random(length, 77);
    float[] own = random(length, 100 + seed);
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = (i + seed) % 5 == 0 ? base[i] : (float) (base[i] + size * (common[i] + own[i]));
    }
    return values;
  }

  /**
   * Gives fine-tunes of a base to runs.
   *
   * @param size how far each of them lies from the base
   * @return the same, for the oracle
   */
  private static List<double[]> giveTuned(float[] base, double[] size, MethodRun... runs) {
    List<double[]> models = new ArrayList<>();
    for (int i = 0; i < size.length; i++) {
      float[] model = tuned(base, base.length, 2 + i, size[i]);
      for (MethodRun run : runs) {
        run.model(model);
      }
      models.add(wide(model));
    }
    return models;
  }

  private static double[] wide(float[] values) {
    return Oracle.widen(values);
  }

  /** Equal up to F32 rounding of the result and F64 rounding of sums. */
  private static void assertClose(float[] actual, double[] expected) {
    assertThat(actual).hasSize(expected.length);
    for (int i = 0; i < actual.length; i++) {
      double bound = Math.abs(expected[i]) * 0x1p-23 + 1e-11;
      assertThat((double) actual[i]).as("element %d", i).isCloseTo(expected[i], offset(bound));
    }
  }

  private static void assertSameBits(float[] actual, float[] expected) {
    assertThat(bits(actual)).isEqualTo(bits(expected));
  }

  private static int[] bits(float[] values) {
    int[] bits = new int[values.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Float.floatToRawIntBits(values[i]);
    }
    return bits;
  }

  private static Map<String, Double> weight(double weight) {
    return Map.of("weight", weight);
  }

  @Nested
  class AgreeWithTheirFormulas {

    @ParameterizedTest
    @MethodSource("io.hfmerge.method.GeometricMethodsTest#lengths")
    void slerp(int length) {
      float[] a = random(length, 1);
      for (double size : new double[] {1, 0.001}) {
        float[] b = tuned(a, length, 2, size);
        for (double t : new double[] {0.35, -0.5, 1.25}) {
          assertClose(
              new MethodRun("slerp").with("t", t).base(a).model(b).run(),
              Oracle.slerp(t, wide(a), wide(b), 0.9995, 0));
        }
      }
    }

    @ParameterizedTest
    @MethodSource("io.hfmerge.method.GeometricMethodsTest#lengths")
    void nuslerpOfModelsAndOfTaskVectors(int length) {
      float[] base = random(length, 1);
      float[] a = tuned(base, length, 2, 0.1);
      float[] b = tuned(base, length, 3, 0.1);
      double t = 0.6;
      assertClose(
          new MethodRun("nuslerp").model(a, weight(0.4)).model(b, weight(0.6)).run(),
          Oracle.slerp(t, wide(a), wide(b), 2, 1e-8));
      assertClose(
          new MethodRun("nuslerp").base(base).model(a, weight(0.4)).model(b, weight(0.6)).run(),
          Oracle.combine(
              1,
              wide(base),
              1,
              Oracle.slerp(
                  t,
                  Oracle.minus(wide(a), wide(base)),
                  Oracle.minus(wide(b), wide(base)),
                  2,
                  1e-8)));
    }

    @ParameterizedTest
    @CsvSource({"3, 5", "65, 7", "7, 1500", "1, 9", "9, 1", "700, 64"})
    void nuslerpOfRowsAndColumns(int rows, int columns) {
      int length = rows * columns;
      float[] base = random(length, 1);
      float[] a = tuned(base, length, 2, 0.3);
      float[] b = tuned(base, length, 3, 0.3);
      for (boolean alongFirst : new boolean[] {false, true}) {
        for (boolean based : new boolean[] {false, true}) {
          MethodRun run =
              new MethodRun("nuslerp")
                  .with("nuslerp_flatten", 0)
                  .with("nuslerp_row_wise", alongFirst ? 1 : 0)
                  .shape(rows, columns)
                  .model(a, weight(3))
                  .model(b, weight(1));
          double[] x = based ? Oracle.minus(wide(a), wide(base)) : wide(a);
          double[] y = based ? Oracle.minus(wide(b), wide(base)) : wide(b);
          double[] expected = Oracle.slerpEach(0.25, x, y, columns, alongFirst);
          if (based) {
            run.base(base);
            expected = Oracle.combine(1, wide(base), 1, expected);
          }
          assertClose(run.run(), expected);
        }
      }
    }

    @ParameterizedTest
    @MethodSource("io.hfmerge.method.GeometricMethodsTest#lengths")
    void multislerpWithItsTangentSpace(int length) {
      float[] base = random(length, 1);
      double[] weights = {0.4, 0.3, 0.5};
      MethodRun plain = new MethodRun("multislerp");
      MethodRun based = new MethodRun("multislerp").base(base);
      List<double[]> models = new ArrayList<>();
      List<double[]> deltas = new ArrayList<>();
      for (int i = 0; i < weights.length; i++) {
        float[] model = tuned(base, length, 2 + i, length < 3 ? 0.2 : 1);
        plain.model(model, weight(weights[i]));
        based.model(model, weight(weights[i]));
        models.add(wide(model));
        deltas.add(Oracle.minus(wide(model), wide(base)));
      }
      assertClose(plain.run(), Oracle.multislerp(models, weights, 1e-8));
      if (length >= 3) {
        assertClose(
            based.run(),
            Oracle.combine(1, wide(base), 1, Oracle.multislerp(deltas, weights, 1e-8)));
      }
    }

    @ParameterizedTest
    @MethodSource("io.hfmerge.method.GeometricMethodsTest#lengths")
    void karcher(int length) {
      float[] base = random(length, 1);
      for (double size : new double[] {1.5, 0.01, 1e-5}) {
        MethodRun run = new MethodRun("karcher").with("max_iter", 20).with("tol", 1e-9);
        double each = length < 3 ? size / 10 : size;
        List<double[]> models = giveTuned(base, new double[] {each, each, each, each}, run);
        assertClose(run.run(), Oracle.karcher(models, 20, 1e-9));
      }
    }

    @ParameterizedTest
    @ValueSource(ints = {7, 64, 65, 1025, 70_001})
    void modelStock(int length) {
      float[] base = random(length, 1);
      MethodRun run = new MethodRun("model_stock").base(base);
      List<double[]> models = giveTuned(base, new double[] {1e-3, 1e-3, 1e-3}, run);
      assertClose(run.run(), Oracle.modelStock(wide(base), models));
    }

    @Test
    void modelStockOfRows() {
      int columns = 33;
      int rows = 50;
      float[] base = random(rows * columns, 1);
      MethodRun run =
          new MethodRun("model_stock").with("filter_wise", 1).base(base).shape(5, 10, columns);
      List<float[]> models = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        models.add(tuned(base, rows * columns, 2 + i, 0.1));
        run.model(models.getLast());
      }
      double[] expected = new double[rows * columns];
      for (int row = 0; row < rows; row++) {
        int from = row * columns;
        Function<float[], double[]> cut =
            values -> wide(Arrays.copyOfRange(values, from, from + columns));
        double[] merged = Oracle.modelStock(cut.apply(base), models.stream().map(cut).toList());
        System.arraycopy(merged, 0, expected, from, columns);
      }
      assertClose(run.run(), expected);
    }

    @ParameterizedTest
    @MethodSource("io.hfmerge.method.GeometricMethodsTest#lengths")
    void sce(int length) {
      float[] base = random(length, 1);
      for (double share : new double[] {1, 0.3, 0.01, 0.999}) {
        for (double size : new double[] {1, 1e-4}) {
          MethodRun run = new MethodRun("sce").with("select_topk", share).base(base);
          MethodRun compatible =
              new MethodRun("sce").with("select_topk", share).base(base).mergekit();
          List<double[]> models =
              giveTuned(base, new double[] {size, 2 * size, 3 * size}, run, compatible);
          assertClose(run.run(), Oracle.sce(wide(base), models, share, 0));
          assertClose(compatible.run(), Oracle.sce(wide(base), models, share, 1e-6));
        }
      }
    }

    @ParameterizedTest
    @ValueSource(ints = {65, 5000, 70_001, 200_000})
    void sceKeepsTheFirstOfEqualVariances(int length) {
      float[] base = new float[length];
      float[] a = new float[length];
      float[] b = new float[length];
      Random random = new Random(SEED);
      for (int i = 0; i < length; i++) {
        a[i] = random.nextInt(4);
        b[i] = -a[i];
      }
      a[length - 1] = 9;
      for (double share : new double[] {0.1, 0.5, 0.77}) {
        assertClose(
            new MethodRun("sce").with("select_topk", share).base(base).model(a).model(b).run(),
            Oracle.sce(wide(base), List.of(wide(a), wide(b)), share, 0));
      }
    }

    @ParameterizedTest
    @MethodSource("io.hfmerge.method.GeometricMethodsTest#lengths")
    void nearswap(int length) {
      float[] base = random(length, 1);
      float[] a = tuned(base, length, 2, 0.01);
      for (double t : new double[] {0.01, 1e-7, 5}) {
        assertClose(
            new MethodRun("nearswap").with("t", t).base(base).model(a).run(),
            Oracle.nearswap(t, wide(base), wide(a)));
      }
    }

    @ParameterizedTest
    @CsvSource({"1, 7", "65, 3", "300, 64", "2, 40000", "1, 70001", "4, 1"})
    void arceeFusion(int rows, int columns) {
      assertArceeFusion(rows, columns, 0.1);
    }

    /** Changes so small that the rounding of the softmaxes makes up the divergences. */
    @ParameterizedTest
    @CsvSource({"300, 64", "1500, 64"})
    void arceeFusionWhereDivergencesAreNegative(int rows, int columns) {
      assertArceeFusion(rows, columns, 1e-5);
    }

    private static void assertArceeFusion(int rows, int columns, double size) {
      int length = rows * columns;
      float[] base = random(length, 1);
      float[] a = tuned(base, length, 2, size);
      assertThat(new MethodRun("arcee_fusion").shape(rows, columns).base(base).model(a).run())
          .containsExactly(narrow(Oracle.arceeFusion(wide(base), wide(a), columns)));
    }

    private static float[] narrow(double[] values) {
      float[] narrow = new float[values.length];
      for (int i = 0; i < values.length; i++) {
        narrow[i] = (float) values[i];
      }
      return narrow;
    }

    @ParameterizedTest
    @MethodSource("io.hfmerge.method.GeometricMethodsTest#lengths")
    void ramAndRamPlus(int length) {
      float[] base = random(length, 1);
      MethodRun ram = new MethodRun("ram").base(base);
      MethodRun plus = new MethodRun("ramplus_tl").base(base);
      MethodRun strong = new MethodRun("ramplus_tl").with("r", 2).with("alpha", 9).base(base);
      List<double[]> models = giveTuned(base, new double[] {1, 1, 2e-5}, ram, plus, strong);
      assertClose(ram.run(), Oracle.ram(wide(base), models, 1e-5, 0, 0));
      assertClose(plus.run(), Oracle.ram(wide(base), models, 1e-5, 0.1, 0.2));
      assertClose(strong.run(), Oracle.ram(wide(base), models, 1e-5, 2, 9));
    }
  }

  /** Every method with parameters that do something, on as many models as given. */
  private static MethodRun usual(String method, float[] base, float[]... models) {
    MethodRun run = new MethodRun(method);
    switch (method) {
      case "karcher", "nuslerp", "multislerp" -> {}
      default -> run.base(base);
    }
    switch (method) {
      case "slerp" -> run.with("t", 0.3);
      case "nearswap" -> run.with("t", 0.01);
      default -> {}
    }
    for (float[] model : models) {
      boolean weighted = method.equals("nuslerp") || method.equals("multislerp");
      run.model(model, weighted ? weight(0.7) : Map.of());
    }
    return run;
  }

  private static boolean takesOne(String method) {
    return List.of("slerp", "nearswap", "arcee_fusion").contains(method);
  }

  private static float[][] models(String method, float[]... models) {
    return takesOne(method) ? Arrays.copyOf(models, 1) : models;
  }

  @Nested
  class AtTheirLimits {

    @ParameterizedTest
    @FieldSource("io.hfmerge.method.GeometricMethodsTest#METHODS")
    void giveIdenticalModelsBackBitForBit(String method) {
      float[] extremes = {
        0f, -0f, 1, -1, 0.1f, 1f / 3, (float) Math.PI, 1e30f, -1e-30f, Float.MIN_VALUE, 65504
      };
      for (float[] values : List.of(extremes, random(65, 3), random(3000, 4), new float[7])) {
        assertSameBits(usual(method, values, models(method, values, values)).run(), values);
      }
    }

    @ParameterizedTest
    @ValueSource(strings = {"slerp", "nuslerp", "multislerp", "karcher"})
    void giveShortIdenticalModelsBack(String method) {
      for (float value : new float[] {1e-9f, 1e-30f, Float.MIN_VALUE}) {
        float[] values = {value, -value, 0};
        assertThat(usual(method, values, models(method, values, values)).run())
            .containsExactly(values);
      }
    }

    @ParameterizedTest
    @ValueSource(strings = {"model_stock", "sce", "ram", "ramplus_tl"})
    void giveTheModelThatAllAgreeOn(String method) {
      float[] base = random(65, 1);
      float[] other = random(65, 2);
      // base + (other - base) in F64, shares within some 1e-16 of 1: one F32 rounding
      assertThat(usual(method, base, other, other).run()).containsExactly(other, offset(0x1p-22f));
    }

    @ParameterizedTest
    @FieldSource("io.hfmerge.method.GeometricMethodsTest#METHODS")
    void mergeEmptyTensorsAndScalars(String method) {
      float[] none = {};
      assertThat(usual(method, none, models(method, none, none)).shape(0, 4).run()).isEmpty();
      float[] one = {0.25f};
      float[] two = {0.75f};
      float[] scalar = usual(method, one, models(method, two, two)).shape().run();
      assertThat(scalar).hasSize(1);
      assertThat(scalar[0]).isBetween(0.25f, 0.75f);
    }

    @ParameterizedTest
    @ValueSource(strings = {"multislerp", "karcher", "model_stock", "sce", "ram", "ramplus_tl"})
    void doNotDependOnTheOrderOfModels(String method) {
      float[] base = random(1025, 1);
      float[] a = tuned(base, 1025, 2, 0.5);
      float[] b = tuned(base, 1025, 3, 0.5);
      float[] c = tuned(base, 1025, 4, 0.5);
      assertClose(usual(method, base, a, b, c).run(), wide(usual(method, base, c, a, b).run()));
    }

    @Test
    void nuslerpMirroredIsTheSame() {
      float[] a = random(65, 1);
      float[] b = random(65, 2);
      assertClose(
          new MethodRun("nuslerp").model(a, weight(0.2)).model(b, weight(0.7)).run(),
          wide(new MethodRun("nuslerp").model(b, weight(0.7)).model(a, weight(0.2)).run()));
    }

    @ParameterizedTest
    @FieldSource("io.hfmerge.method.GeometricMethodsTest#METHODS")
    @ValueSource(strings = {"nuslerp_rows", "nuslerp_columns"})
    void doNotDependOnThreadsTilesAndBlocks(String name) {
      int rows = 1100;
      int columns = 77;
      String method = name.startsWith("nuslerp") ? "nuslerp" : name;
      float[] base = random(rows * columns, 1);
      float[] a = tuned(base, rows * columns, 2, 0.2);
      float[] b = tuned(base, rows * columns, 3, 0.2);
      List<int[]> results = new ArrayList<>();
      for (MergeOptions options :
          List.of(
              MergeOptions.ofThreads(1),
              new MergeOptions(3, 8, 64),
              new MergeOptions(2, 100, 777),
              new MergeOptions(5, 4096, 1 << 16))) {
        MethodRun run =
            usual(method, base, models(method, a, b)).shape(rows, columns).options(options);
        if (!name.equals(method)) {
          run.with("nuslerp_flatten", 0)
              .with("nuslerp_row_wise", name.equals("nuslerp_columns") ? 1 : 0);
        }
        if (method.equals("sce")) {
          run.with("select_topk", 0.4);
        }
        results.add(bits(run.run()));
      }
      assertThat(results).allSatisfy(result -> assertThat(result).isEqualTo(results.getFirst()));
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "slerp",
          "nuslerp",
          "multislerp",
          "karcher",
          "model_stock",
          "sce",
          "arcee_fusion"
        })
    void refuseNanAndInfinityAndNameTheTensor(String method) {
      for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
        float[] base = random(65, 1);
        float[] a = random(65, 2);
        float[] b = random(65, 3);
        a[40] = bad;
        assertThatThrownBy(() -> usual(method, base, models(method, a, b)).run())
            .isInstanceOf(IncompatibleCheckpointsException.class)
            .hasMessageContaining("\"w\"")
            .hasMessageContaining("m0")
            .hasMessageContaining("NaN or infinite");
      }
    }

    @ParameterizedTest
    @ValueSource(strings = {"nearswap", "ram", "ramplus_tl"})
    void passNanOn(String method) {
      for (int where = 0; where < 2; where++) {
        float[] base = random(65, 1);
        float[] a = random(65, 2);
        float[] b = random(65, 3);
        (where == 0 ? base : a)[40] = Float.NaN;
        float[] out = usual(method, base, models(method, a, b)).run();
        for (int i = 0; i < out.length; i++) {
          assertThat(Float.isNaN(out[i])).as("element %d", i).isEqualTo(i == 40);
        }
      }
    }

    @Test
    void rowsKeepNanToThemselves() {
      float[] a = random(12, 1);
      float[] b = random(12, 2);
      a[5] = Float.NaN;
      for (double along : new double[] {0, 1}) {
        float[] out =
            new MethodRun("nuslerp")
                .with("nuslerp_flatten", 0)
                .with("nuslerp_row_wise", along)
                .shape(3, 4)
                .model(a, weight(1))
                .model(b, weight(1))
                .run();
        for (int i = 0; i < out.length; i++) {
          boolean together = along == 0 ? i / 4 == 5 / 4 : i % 4 == 5 % 4;
          assertThat(Float.isNaN(out[i])).as("element %d", i).isEqualTo(together);
        }
      }
    }
  }

  @Nested
  class OneByOne {

    private final float[] x = random(65, 1);
    private final float[] y = random(65, 2);
    private final float[] opposite = negated(x);

    private static float[] negated(float[] values) {
      float[] negated = new float[values.length];
      for (int i = 0; i < values.length; i++) {
        negated[i] = -values[i];
      }
      return negated;
    }

    @Test
    void slerpFromBaseToModelCopiesTheEndsEvenWithNan() {
      float[] odd = y.clone();
      odd[3] = Float.NaN;
      odd[4] = -0f;
      assertSameBits(new MethodRun("slerp").with("t", 0).base(odd).model(x).run(), odd);
      assertSameBits(new MethodRun("slerp").with("t", 1).base(x).model(odd).run(), odd);
      assertSameBits(new MethodRun("slerp").with("t", 0).base(x).model(odd).run(), x);
    }

    @Test
    void slerpKeepsTheLengthOfVectorsOfEqualLength() {
      float[] permuted = new float[65];
      for (int i = 0; i < 65; i++) {
        permuted[i] = x[(i * 7 + 3) % 65];
      }
      float[] out = new MethodRun("slerp").with("t", 0.5).base(x).model(permuted).run();
      assertThat(Oracle.norm(wide(out))).isCloseTo(Oracle.norm(wide(x)), offset(1e-6));
    }

    @Test
    void oppositeModelsAreInterpolatedStraight() {
      for (String method : List.of("slerp", "nuslerp")) {
        MethodRun run = new MethodRun(method);
        if (method.equals("slerp")) {
          run.with("t", 0.3).base(x).model(opposite);
        } else {
          run.model(x, weight(0.7)).model(opposite, weight(0.3));
        }
        assertClose(run.run(), Oracle.combine(0.4, wide(x), 0, wide(x)));
      }
    }

    @Test
    void zeroTensorsAreOrthogonalToAnything() {
      float[] zero = new float[65];
      double half = Math.sin(Math.PI / 4);
      assertClose(
          new MethodRun("slerp").with("t", 0.5).base(zero).model(x).run(),
          Oracle.combine(half, wide(x), 0, wide(x)));
      assertClose(
          new MethodRun("nuslerp").model(x, weight(1)).model(zero, weight(1)).run(),
          Oracle.combine(half, wide(x), 0, wide(x)));
      assertClose(
          new MethodRun("karcher").model(x).model(zero).run(),
          Oracle.combine(0.5, wide(x), 0, wide(x)));
      assertThat(new MethodRun("karcher").model(zero).model(zero).run()).containsOnly(0f);
    }

    @Test
    void compatGivesMergekitsFloorsOfNorms() {
      float[] small = {3e-10f, 4e-10f};
      assertClose(
          new MethodRun("slerp").with("t", 0.5).mergekit().base(small).model(small).run(),
          Oracle.combine(Math.sqrt(2), wide(small), 0, wide(small)));
      assertThat(new MethodRun("karcher").mergekit().model(small).model(small).run())
          .containsOnly(0f);
      float[] base = {1, 1};
      float[] a = {1 + 0x1p-13f, 1};
      // two equal task vectors: cosine 1, but (2^-13)^2 / 1e-6 with mergekit's floor
      double cosine = 0x1p-26 / 1e-6;
      double t = 2 * cosine / (1 + cosine);
      assertClose(
          new MethodRun("model_stock").mergekit().base(base).model(a).model(a).run(),
          new double[] {1 + t * 0x1p-13, 1});
      assertThat(new MethodRun("model_stock").base(base).model(a).model(a).run())
          .containsExactly(a);
    }

    @Test
    void nuslerpTakesTheMiddleOfWeightsThatCancelAndSaysSo() {
      MethodRun run = new MethodRun("nuslerp").model(x, weight(1)).model(y, weight(-1));
      assertClose(run.run(), Oracle.slerp(0.5, wide(x), wide(y), 2, 1e-8));
      assertThat(run.notes()).anyMatch(note -> note.contains("half way"));
    }

    @Test
    void nuslerpWithOneWeightCopiesThatModel() {
      assertSameBits(
          new MethodRun("nuslerp").base(y).model(x, weight(2)).model(y.clone(), weight(0)).run(),
          x);
    }

    @Test
    void nuslerpRefusesTheBaseAsOneOfTheTwo() {
      assertThatThrownBy(() -> new MethodRun("nuslerp").base(x).model(y, weight(1)).run())
          .isInstanceOf(InvalidRecipeException.class)
          .hasMessageContaining("exactly 2 beside the base");
    }

    @Test
    void multislerpTakesNegativeWeights() {
      float[] z = random(65, 3);
      double[] weights = {0.9, 0.5, -0.2};
      assertClose(
          new MethodRun("multislerp")
              .model(x, weight(weights[0]))
              .model(y, weight(weights[1]))
              .model(z, weight(weights[2]))
              .run(),
          Oracle.multislerp(List.of(wide(x), wide(y), wide(z)), weights, 1e-8));
    }

    @Test
    void multislerpRefusesWeightsThatCancel() {
      assertThatThrownBy(
              () -> new MethodRun("multislerp").model(x, weight(1)).model(y, weight(-1)).run())
          .isInstanceOf(InvalidRecipeException.class)
          .hasMessageContaining("normalize_weights: false");
    }

    @Test
    void multislerpAddsTwoOppositeModelsStraightAndRefusesThree() {
      assertThat(new MethodRun("multislerp").model(x, weight(1)).model(opposite, weight(1)).run())
          .containsOnly(0f);
      float[] a = {1, 0};
      float[] b = {-0.5f, (float) Math.sqrt(0.75)};
      float[] c = {-0.5f, (float) -Math.sqrt(0.75)};
      assertThatThrownBy(() ->
              new MethodRun("multislerp")
                  .model(a, weight(1))
                  .model(b, weight(1))
                  .model(c, weight(1))
                  .run())
          .isInstanceOf(IncompatibleCheckpointsException.class)
          .hasMessageContaining("\"w\"")
          .hasMessageContaining("cancel");
    }

    @Test
    void multislerpOfModelsEqualToTheBaseIsTheBase() {
      assertSameBits(
          new MethodRun("multislerp")
              .base(x)
              .model(x.clone(), weight(1))
              .model(x.clone(), weight(2))
              .model(x.clone(), weight(3))
              .run(),
          x);
    }

    @Test
    void karcherKnowsAnglesOfAMillionthAndLess() {
      for (double angle : new double[] {1e-3, 1e-6, 1e-9}) {
        // unit vectors in a plane at angles 0, angle and 5 angle: the mean is at 2 angle
        double[] at = {0, angle, 5 * angle};
        double[][] versines = new double[3][3];
        for (int i = 0; i < 3; i++) {
          for (int j = 0; j < 3; j++) {
            double half = Math.sin((at[i] - at[j]) / 2);
            versines[i][j] = 2 * half * half;
          }
        }
        double[] mean = new SphericalMean(versines, 1e-15).coefficients(30, new ArrayList<>());
        double sine = mean[1] * Math.sin(at[1]) + mean[2] * Math.sin(at[2]);
        assertThat(sine / Math.sin(2 * angle)).isCloseTo(1, offset(1e-12));
      }
    }

    @Test
    void karcherOfOppositeModelsHasTheFirstsDirection() {
      assertClose(new MethodRun("karcher").model(x).model(opposite).run(), wide(x));
    }

    @Test
    void karcherLeavesTheBaseOutUnlessCompatible() {
      assertClose(
          new MethodRun("karcher").base(random(65, 9)).model(x).model(y).run(),
          wide(new MethodRun("karcher").model(x).model(y).run()));
      MethodRun compatible = new MethodRun("karcher").mergekit().base(random(65, 9)).model(x);
      assertClose(
          compatible.run(), wide(new MethodRun("karcher").model(x).model(random(65, 9)).run()));
      assertThat(compatible.notes()).anyMatch(note -> note.contains("one more of the models"));
    }

    @Test
    void karcherRefusesAFractionOfAStep() {
      assertThatThrownBy(
              () -> new MethodRun("karcher").with("max_iter", 2.5).model(x).model(y).run())
          .isInstanceOf(InvalidRecipeException.class)
          .hasMessageContaining("max_iter: expected a whole number, found 2.5");
    }

    @Test
    void modelStockOfTaskVectorsThatCancelIsTheBase() {
      float[] base = {1, 2};
      assertThat(
              new MethodRun("model_stock")
                  .base(base)
                  .model(new float[] {2, 2})
                  .model(new float[] {0, 2})
                  .run())
          .containsExactly(base);
    }

    @Test
    void modelStockNeedsTwoModelsBesideTheBase() {
      assertThatThrownBy(() -> new MethodRun("model_stock").base(x).model(y).run())
          .isInstanceOf(InvalidRecipeException.class)
          .hasMessageContaining("at least 2 beside the base");
    }

    @Test
    void sceWithoutAnythingSelectedIsTheBase() {
      assertSameBits(
          new MethodRun("sce").with("select_topk", 0).base(x).model(y).model(opposite).run(), x);
      // one of 65 varies, a tenth of it is none
      float[] z = x.clone();
      z[7] += 1;
      assertSameBits(
          new MethodRun("sce").with("select_topk", 0.1).base(x).model(z).model(x.clone()).run(), x);
    }

    @Test
    void nearswapWithoutDistanceIsTheBase() {
      float[] negativeZero = {-0f, 1};
      assertSameBits(
          new MethodRun("nearswap").with("t", 0).base(negativeZero).model(new float[2]).run(),
          negativeZero);
    }

    @Test
    void passthroughScalesOrCopies() {
      float[] odd = {Float.intBitsToFloat(0x7fc12345), -0f, 3};
      assertSameBits(new MethodRun("passthrough").model(odd).run(), odd);
      assertThat(
              new MethodRun("passthrough").model(new float[] {1, -3}, Map.of("scale", 0.5)).run())
          .containsExactly(0.5f, -1.5f);
      assertThatThrownBy(() -> new MethodRun("passthrough").model(x).model(y).run())
          .isInstanceOf(InvalidRecipeException.class)
          .hasMessageContaining("exactly 1");
    }

    @Test
    void ramCountsChangesBeyondEpsilonOnly() {
      float[] base = {0, 0, 0};
      float[] a = {1, 0.5f, 0.5f};
      float[] b = {0, 0.25f, 0.75f};
      assertThat(new MethodRun("ram").with("epsilon", 0.25).base(base).model(a).model(b).run())
          .containsExactly(1, 0.5f, 0.625f);
    }
  }
}
