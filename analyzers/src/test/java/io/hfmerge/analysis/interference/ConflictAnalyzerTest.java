package io.hfmerge.analysis.interference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.hfmerge.analysis.AnalysisRequest.Metrics;
import io.hfmerge.analysis.AnalysisSubject;
import io.hfmerge.analysis.FakeStructure;
import io.hfmerge.analysis.MemoryCheckpoint;
import io.hfmerge.analysis.report.ConflictCsv;
import io.hfmerge.analysis.report.ConflictJson;
import io.hfmerge.error.IncompatibleCheckpointsException;
import io.hfmerge.hf.arch.BalanceTraits;
import io.hfmerge.hf.arch.BalanceTraits.Mlp;
import io.hfmerge.hf.arch.BalanceTraits.Rotary;
import io.hfmerge.hf.arch.ModelDimensions;
import io.hfmerge.hf.arch.Role;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.tensor.DType;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Task vectors whose measures are known without computing. */
class ConflictAnalyzerTest {

  /** Rows and columns: the short side is the inputs, the outputs, either. */
  @ParameterizedTest
  @CsvSource({"24, 16", "16, 24", "20, 20"})
  @Retention(RetentionPolicy.RUNTIME)
  @Target(ElementType.METHOD)
  private @interface ShortSides {}

  /** Rounding of W_t = W_0 + D_t and of products of a few dozen terms in f64. */
  private static final double ROUNDING = 1e-9;

  /** The arc cosine loses half of the digits at 0 degrees. */
  private static final double DEGREES = 1e-4;

  private final Random random = new Random(31);

  private double[] gaussian(int count) {
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      values[i] = random.nextGaussian();
    }
    return values;
  }

  private static double[] plus(double[] a, double[] b) {
    double[] sum = a.clone();
    for (int i = 0; i < sum.length; i++) {
      sum[i] += b[i];
    }
    return sum;
  }

  private static AnalysisSubject subject(MemoryCheckpoint checkpoint) {
    return AnalysisSubject.of(
        checkpoint,
        FakeStructure.of(
            new ModelDimensions(1, 8, 1, 1, 8),
            new BalanceTraits(Rotary.NONE, 0, false, Mlp.UNKNOWN),
            List.of(checkpoint.matrix("w", 0, Role.M1, false))));
  }

  private static ConflictReport analyze(List<double[]> matrices, int rows, int columns)
      throws Exception {
    return analyze(matrices, rows, columns, ConflictRequest.everything());
  }

  /** The first is the base. */
  private static ConflictReport analyze(
      List<double[]> matrices, int rows, int columns, ConflictRequest request) throws Exception {
    List<MemoryCheckpoint> opened = new ArrayList<>();
    try {
      for (double[] matrix : matrices) {
        opened.add(new MemoryCheckpoint().add("w", DType.F64, matrix, rows, columns));
      }
      return analyze(opened.getFirst(), 1, request, opened.subList(1, opened.size()));
    } finally {
      opened.forEach(MemoryCheckpoint::close);
    }
  }

  private static ConflictReport analyze(
      MemoryCheckpoint base, double weight, ConflictRequest request, List<MemoryCheckpoint> models)
      throws Exception {
    List<ConflictAnalyzer.Term> terms =
        models.stream().map(model -> new ConflictAnalyzer.Term(subject(model), weight)).toList();
    return ConflictAnalyzer.analyze(subject(base), terms, request, ProgressListener.NONE);
  }

  private static ConflictReport analyze(
      MemoryCheckpoint base, double weight, MemoryCheckpoint... models) throws Exception {
    return analyze(base, weight, ConflictRequest.everything(), List.of(models));
  }

  /** The base and it plus each update. */
  private ConflictReport withUpdates(int rows, int columns, double[]... updates) throws Exception {
    double[] base = gaussian(rows * columns);
    List<double[]> matrices = new ArrayList<>(List.of(base));
    for (double[] update : updates) {
      matrices.add(plus(base, update));
    }
    return analyze(matrices, rows, columns);
  }

  private static OptionalDouble find(ConflictReport report, String key, int... models) {
    return report.model().values().stream()
        .filter(value ->
            value.measure().key().equals(key)
                && value.first().orElse(-1) == (models.length > 0 ? models[0] : -1)
                && value.second().orElse(-1) == (models.length > 1 ? models[1] : -1))
        .mapToDouble(MeasureValue::value)
        .findFirst();
  }

  private static void holds(ConflictReport report, double expected, String key, int... models) {
    assertThat(find(report, key, models).orElseThrow())
        .as(key)
        .isCloseTo(expected, within(key.contains("Angle") ? DEGREES : ROUNDING));
  }

  /** Sum of {@code σ e_row e_columnᵀ}: singular vectors are coordinates. */
  private static double[] units(int rows, int columns, double[][] triplets) {
    double[] matrix = new double[rows * columns];
    for (double[] triplet : triplets) {
      matrix[(int) triplet[1] * columns + (int) triplet[2]] += triplet[0];
    }
    return matrix;
  }

  @ShortSides
  void identicalTaskVectorsShareEverything(int rows, int columns) throws Exception {
    double[] update = gaussian(rows * columns);
    ConflictReport report = withUpdates(rows, columns, update, update, update);
    holds(report, 1, "cosine", 0, 1);
    holds(report, 3, "energyRatio");
    holds(report, 3, "spectralOverAccumulation");
    holds(report, 0, "signConflict", 1, 2);
    holds(report, 1, "inputOverlap", 0, 2);
    holds(report, 1, "outputOverlap", 0, 2);
    holds(report, 0, "inputAngle", 0, 2);
    holds(report, 1, "inputAlignment", 0, 1);
    holds(report, 4, "wudiResidual", 0); // M − D = 2 D
    holds(report, 1.0 / 3, "rankInflation");
    holds(report, 1, "overCount");
    holds(report, 4, "directionInterference", 1); // (3 - 1)^2
    holds(report, 0, "nuclearLoss"); // copies: why it is never read alone
    holds(report, 0, "signConflictLargest", 0, 1);
  }

  @ShortSides
  void oppositeTaskVectorsCancel(int rows, int columns) throws Exception {
    // small integers, so that differences are exact
    double[] base = new double[rows * columns];
    double[] plus = new double[rows * columns];
    double[] minus = new double[rows * columns];
    for (int i = 0; i < base.length; i++) {
      base[i] = random.nextInt(100) - 50;
      int step = random.nextInt(9) - 4;
      plus[i] = base[i] + step;
      minus[i] = base[i] - step;
    }
    ConflictReport report = analyze(List.of(base, plus, minus), rows, columns);
    holds(report, -1, "cosine", 0, 1);
    holds(report, 0, "energyRatio");
    holds(report, 0, "spectralOverAccumulation");
    holds(report, 1, "signConflict", 0, 1);
    holds(report, 1, "signConflictWeighted", 0, 1);
    holds(report, 1, "wudiResidual", 0); // M = 0: the update is gone
    holds(report, 1, "inputOverlap", 0, 1);
    holds(report, 0, "rankInflation");
    holds(report, 1, "nuclearLoss");
    holds(report, 1, "signConflictLargest", 0, 1);
    holds(report, 0, "normDriftOfSum");
    assertThat(find(report, "overCount")).isEmpty();
    assertThat(find(report, "directionInterference", 0)).isEmpty();
  }

  @ShortSides
  void orthogonalTaskVectorsDoNotInterfere(int rows, int columns) throws Exception {
    ConflictReport report =
        withUpdates(
            rows,
            columns,
            units(rows, columns, new double[][] {{3, 0, 0}, {2, 1, 1}}),
            units(rows, columns, new double[][] {{4, 2, 2}, {1, 3, 3}}));
    holds(report, 0, "cosine", 0, 1);
    holds(report, 1, "energyRatio");
    holds(report, 1, "spectralOverAccumulation");
    holds(report, 0, "singularTaskInterference");
    holds(report, 0, "inputOverlap", 0, 1);
    holds(report, 0, "outputOverlap", 0, 1);
    holds(report, 90, "inputAngle", 0, 1);
    holds(report, 0, "crossResponse", 0, 1);
    holds(report, 0, "inputAlignment", 0, 1);
    holds(report, 0, "wudiResidual", 0);
    holds(report, 0, "wudiResidual", 1);
    holds(report, 0, "overCount");
    holds(report, 0, "directionInterference", 0);
    holds(report, 0, "nuclearLoss");
    assertThat(report.theory().orElseThrow().tasks())
        .allSatisfy(task -> assertThat(task.damage().value()).isLessThan(ROUNDING));
  }

  @Test
  void orthogonalInputsAreEnoughForNoDamageWhateverTheOutputs() throws Exception {
    ConflictReport report =
        withUpdates(
            18,
            30,
            units(18, 30, new double[][] {{3, 0, 0}, {2, 1, 1}}),
            units(18, 30, new double[][] {{4, 0, 2}, {1, 1, 3}}));
    holds(report, 0, "inputOverlap", 0, 1);
    holds(report, 1, "outputOverlap", 0, 1);
    holds(report, 0, "wudiResidual", 0);
    holds(report, 0, "inputAlignment", 0, 1);
    // the other way round there is damage: all of the other update answers
    ConflictReport same =
        withUpdates(
            18,
            30,
            units(18, 30, new double[][] {{3, 0, 0}}),
            units(18, 30, new double[][] {{3, 1, 0}}));
    holds(same, 1, "crossResponse", 0, 1);
    holds(same, 1, "wudiResidual", 0);
    holds(same, 0, "cosine", 0, 1);
  }

  @ParameterizedTest
  @CsvSource({"32, 20, 12.5, 60", "20, 32, 30, 45", "24, 24, 0, 90"})
  void principalAnglesAreFound(int rows, int columns, double first, double second)
      throws Exception {
    double[] one = units(rows, columns, new double[][] {{5, 0, 0}, {3, 1, 1}});
    double c1 = Math.cos(Math.toRadians(first));
    double s1 = Math.sin(Math.toRadians(first));
    double c2 = Math.cos(Math.toRadians(second));
    double s2 = Math.sin(Math.toRadians(second));
    // right vectors turned by the angles, left ones by the same angles in other planes
    double[] other = new double[rows * columns];
    double[][] left = {{c1, 0, s1, 0}, {0, c2, 0, s2}};
    for (int r = 0; r < 2; r++) {
      for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 4; j++) {
          other[i * columns + j] += (4 - r) * left[r][i] * left[r][j];
        }
      }
    }
    ConflictReport report = withUpdates(rows, columns, one, other);
    double expected = (c1 * c1 + c2 * c2) / 2;
    holds(report, expected, "inputOverlap", 0, 1);
    holds(report, expected, "outputOverlap", 0, 1);
    holds(report, Math.min(first, second), "inputAngle", 0, 1);
    holds(report, Math.min(first, second), "outputAngle", 0, 1);
  }

  @Test
  void tiedTopSingularValuesDoNoHarm() throws Exception {
    int n = 20;
    double[] one = new double[n * n];
    double[] other = new double[n * n];
    for (int i = 0; i < n; i++) {
      one[i * n + (i * 3 + 1) % n] = 2; // permutations: every singular value is 2
      other[i * n + (i * 7 + 2) % n] = 2;
    }
    ConflictReport report = withUpdates(n, n, one, other);
    holds(report, 1, "crossResponse", 0, 1); // all inputs are read by both
    holds(report, 1, "inputAlignment", 0, 1);
    holds(report, n, "effectiveRank", 0);
    holds(report, Math.sqrt(n), "stableRank", 1);
    holds(report, 1, "wudiResidual", 0);
  }

  @ParameterizedTest
  @CsvSource({"1, 40", "40, 1", "1, 1"})
  void vectorsAreMatricesToo(int rows, int columns) throws Exception {
    double[] update = gaussian(rows * columns);
    double[] twice = plus(update, update);
    ConflictReport report = withUpdates(rows, columns, update, twice);
    holds(report, 1, "cosine", 0, 1);
    holds(report, 1.5, "spectralOverAccumulation");
    holds(report, 1, "inputOverlap", 0, 1);
    holds(report, 4, "wudiResidual", 0);
    holds(report, 0.25, "wudiResidual", 1);
  }

  @Test
  void exactLowRankUpdatesHaveTheirRank() throws Exception {
    double[] one = units(40, 30, new double[][] {{1, 0, 0}, {1, 1, 1}, {1, 2, 2}});
    double[] other = units(40, 30, new double[][] {{1, 5, 5}, {1, 6, 6}});
    ConflictReport report = withUpdates(40, 30, one, other);
    holds(report, 3, "effectiveRank", 0);
    holds(report, 2, "effectiveRank", 1);
    holds(report, 5, "effectiveRankOfSum");
    holds(report, 1, "rankInflation");
    holds(report, 3, "epsilonRank", 0);
    holds(report, 5, "epsilonRankOfSum");
    holds(report, Math.sqrt(5), "stableRankOfSum");
  }

  @ShortSides
  void overCountGoesBeyondTheLeadingDirections(int rows, int columns) throws Exception {
    // the leading directions belong to one task each, a weak one to both
    double[] base = units(rows, columns, new double[][] {{1, 5, 5}});
    double[] one = units(rows, columns, new double[][] {{10, 0, 0}, {1, 2, 2}});
    double[] other = units(rows, columns, new double[][] {{9, 1, 1}, {1, 2, 2}});
    ConflictReport report =
        analyze(
            List.of(base, plus(base, one), plus(base, other)),
            rows,
            columns,
            new ConflictRequest(Metrics.ALL, 1, false, 1));
    holds(report, 2.0 / (101 + 82), "overCount");
    holds(report, 1.0 / 101, "directionInterference", 0);
    holds(report, 1.0 / 82, "directionInterference", 1);
  }

  @ShortSides
  void intrudersAreVectorsThatTheBaseHasNothingLike(int rows, int columns) throws Exception {
    double[] base = units(rows, columns, new double[][] {{5, 0, 0}, {4, 1, 1}, {3, 2, 2}});
    // a direction of its own on both sides; one whose input the base reads too, u = (4, 20)/|.|
    double[] apart = units(rows, columns, new double[][] {{20, 7, 7}});
    double[] output = units(rows, columns, new double[][] {{20, 7, 1}});
    ConflictReport report =
        analyze(List.of(base, plus(base, apart), plus(base, output)), rows, columns);
    holds(report, 1, "inputIntruders", 0);
    holds(report, 1, "outputIntruders", 0);
    holds(report, 0, "inputIntruders", 1);
    holds(report, 1, "outputIntruders", 1);
  }

  @Test
  void smallUpdatesOfAFullBaseBringNoIntruders() throws Exception {
    double[] base = new double[20 * 20];
    for (int i = 0; i < 20; i++) {
      base[i * 21] = 20 - i; // gaps of 1
    }
    double[] update = gaussian(400);
    for (int i = 0; i < 400; i++) {
      update[i] *= 0.01;
    }
    ConflictReport report = analyze(List.of(base, plus(base, update), plus(base, update)), 20, 20);
    holds(report, 0, "inputIntruders", 0);
    holds(report, 0, "outputIntruders", 0);
  }

  @Test
  void signsOfTheLargestChangesAreComparedByThemselves() throws Exception {
    double[] base = new double[100];
    double[] one = new double[100];
    double[] other = new double[100];
    for (int i = 0; i < 100; i++) {
      one[i] = 1 + i; // the 20 largest are opposed, all others agree
      other[i] = i >= 80 ? -1 - i : 1 + i;
    }
    ConflictReport report = analyze(List.of(base, one, other), 10, 10);
    holds(report, 0.2, "signConflict", 0, 1);
    holds(report, 1, "signConflictLargest", 0, 1);
    ConflictReport half =
        analyze(
            List.of(base, one, other), 10, 10, new ConflictRequest(Metrics.ALL, 4, 0.5, false, 1));
    holds(half, 0.4, "signConflictLargest", 0, 1);
  }

  @Test
  void normDriftIsRelativeToTheBase() throws Exception {
    double[] base = gaussian(96);
    ConflictReport report = analyze(List.of(base, plus(base, base), plus(base, base)), 12, 8);
    holds(report, 1, "normDrift", 0);
    holds(report, 2, "normDriftOfSum"); // W0 + 2 W0
  }

  @Test
  void modelsThatChangedNothingHaveNoDirections() throws Exception {
    double[] base = gaussian(12 * 20);
    ConflictReport none = analyze(List.of(base, base, base), 12, 20);
    assertThat(none.tensors()).hasSize(1);
    assertThat(none.model().values())
        .extracting(value -> value.measure().key())
        .containsOnly("relativeSize", "normDrift", "normDriftOfSum");
    holds(none, 0, "relativeSize", 1);
    assertThat(none.theory()).isEmpty();
    ConflictReport one = analyze(List.of(base, base, plus(base, gaussian(12 * 20))), 12, 20);
    assertThat(find(one, "cosine", 0, 1)).isEmpty();
    assertThat(find(one, "wudiResidual", 0)).isEmpty();
    holds(one, 0, "wudiResidual", 1);
    holds(one, 1, "spectralOverAccumulation");
  }

  @Test
  void oneNanSkipsItsTensorAndNamesTheModel() throws Exception {
    double[] base = gaussian(12 * 8);
    double[] bad = base.clone();
    bad[17] = Double.NaN;
    try (MemoryCheckpoint origin = model(base);
        MemoryCheckpoint good = model(plus(base, gaussian(12 * 8)));
        MemoryCheckpoint broken = model(bad)) {
      origin.add("bias", DType.F64, gaussian(5), 5);
      good.add("bias", DType.F64, gaussian(5), 5);
      broken.add("bias", DType.F64, gaussian(5), 5);
      ConflictReport report = analyze(origin, 1, good, broken);
      assertThat(report.skipped()).hasSize(1);
      assertThat(report.skipped().getFirst().tensor()).isEqualTo("w");
      assertThat(report.skipped().getFirst().reason())
          .isEqualTo("memory: 1 NaN and 0 infinite of 96 elements");
      assertThat(report.tensors()).extracting(tensor -> tensor.tensor()).containsExactly("bias");
      assertThat(ConflictJson.write(report, "test")).doesNotContain("NaN,");
    }
  }

  private static MemoryCheckpoint model(double[] matrix) {
    return new MemoryCheckpoint().add("w", DType.F64, matrix, 12, 8);
  }

  @Test
  void tensorsThatModelsDoNotShareAreListed() throws Exception {
    try (MemoryCheckpoint origin = model(gaussian(96)).add("a", DType.F32, gaussian(3), 3);
        MemoryCheckpoint one = model(gaussian(96)).add("a", DType.F32, gaussian(3), 3);
        MemoryCheckpoint other = model(gaussian(96)).add("b", DType.F32, gaussian(3), 3)) {
      ConflictReport report = analyze(origin, 1, one, other);
      assertThat(report.skipped())
          .extracting(entry -> entry.tensor() + ": " + entry.reason())
          .containsExactly("a: memory has no counterpart", "b: in memory, but not in memory");
    }
  }

  @Test
  void layersOfAnotherShapeAreRefused() throws Exception {
    try (MemoryCheckpoint origin = model(gaussian(96));
        MemoryCheckpoint one = model(gaussian(96));
        MemoryCheckpoint other = new MemoryCheckpoint().add("w", DType.F64, gaussian(96), 8, 12)) {
      assertThatThrownBy(() -> analyze(origin, 1, one, other))
          .isInstanceOf(IncompatibleCheckpointsException.class)
          .hasMessageContaining("w is 12 x 8 in memory, w is 8 x 12 in memory");
    }
  }

  @Test
  void weightsScaleTheSumNotTheTasks() throws Exception {
    double[] base = gaussian(96);
    double[] update = gaussian(96);
    try (MemoryCheckpoint origin = model(base);
        MemoryCheckpoint one = model(plus(base, update));
        MemoryCheckpoint other = model(plus(base, update))) {
      ConflictReport report = analyze(origin, 0.5, one, other);
      holds(report, 0, "wudiResidual", 0); // the mean of two equal updates is either
      holds(report, 2, "energyRatio");
      holds(report, 0.5, "rankInflation");
    }
  }

  /** Random updates of known spectra: what must hold whatever they are. */
  @ParameterizedTest
  @CsvSource({"30, 20, 3", "20, 30, 3", "25, 25, 2", "64, 9, 4"})
  void sharesStayWithinTheirRange(int rows, int columns, int tasks) throws Exception {
    double[][] updates = new double[tasks][];
    for (int t = 0; t < tasks; t++) {
      updates[t] = gaussian(rows * columns);
    }
    ConflictReport report = withUpdates(rows, columns, updates);
    for (MeasureValue value : report.model().values()) {
      if (value.measure().overlap() || value.measure().key().startsWith("base")) {
        assertThat(value.value()).as(value.measure().key()).isBetween(0.0, 1.0);
        assertThat(value.chance().orElseThrow()).isBetween(0.0, 1.0);
      }
    }
    for (int t = 0; t < tasks; t++) {
      double shares =
          find(report, "baseLeadingEnergy", t).orElseThrow()
              + find(report, "baseRemainingEnergy", t).orElseThrow()
              + find(report, "baseNullEnergy", t).orElseThrow();
      assertThat(shares).isCloseTo(1, within(ROUNDING));
    }
    assertThat(find(report, "spectralOverAccumulation").orElseThrow()).isBetween(0.0, 1.0 * tasks);
  }

  @Test
  void csvNamesModelsAndGroups() throws Exception {
    ConflictReport report = withUpdates(12, 8, gaussian(96), gaussian(96));
    assertThat(ConflictCsv.write(report).lines())
        .startsWith("group,tensor,stack,layer,role,expert,model,other,metric,value,chance")
        .anyMatch(line -> line.startsWith("tensor,w,,0,M1,,memory,memory,cosine,"))
        .anyMatch(line -> line.startsWith("layer,,,0,,,memory,memory,inputOverlap,"))
        .anyMatch(line -> line.startsWith("role,,,,M1,,memory,,wudiResidual,"))
        .anyMatch(line -> line.startsWith("model,,,,,,,,energyRatio,"));
  }

  @Test
  void everyMeasureIsNamedOnce() {
    assertThat(Measures.all()).extracting(Measure::key).doesNotHaveDuplicates();
    assertThat(new ConflictRequest(Metrics.ALL, 1, false, 1).rank()).isEqualTo(1);
    assertThatThrownBy(() -> new ConflictRequest(Metrics.ALL, 0, false, 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new ConflictRequest(Metrics.ALL, 1, 0, false, 1))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
