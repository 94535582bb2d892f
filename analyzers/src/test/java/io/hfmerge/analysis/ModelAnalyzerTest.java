package io.hfmerge.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import io.hfmerge.analysis.AnalysisReport.Skipped;
import io.hfmerge.analysis.metric.BalanceMetrics;
import io.hfmerge.analysis.metric.BalanceMetrics.Identity;
import io.hfmerge.analysis.metric.HeadMetrics;
import io.hfmerge.analysis.metric.NormPreservation;
import io.hfmerge.analysis.metric.Product;
import io.hfmerge.analysis.metric.SpectrumMetrics;
import io.hfmerge.analysis.report.CsvReport;
import io.hfmerge.analysis.report.JsonReport;
import io.hfmerge.hf.arch.Architectures;
import io.hfmerge.hf.arch.BalanceTraits;
import io.hfmerge.hf.arch.BalanceTraits.Mlp;
import io.hfmerge.hf.arch.BalanceTraits.Rotary;
import io.hfmerge.hf.arch.MatrixBlock;
import io.hfmerge.hf.arch.ModelDimensions;
import io.hfmerge.hf.arch.ModelStructure;
import io.hfmerge.hf.arch.Role;
import io.hfmerge.hf.arch.WeightMatrix;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorCodec;
import io.hfmerge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ModelAnalyzerTest {

  /** Rounding of f64 sums of a few dozen terms. */
  private static final double ROUNDING = 1e-12;

  private static final int HIDDEN = 12;
  private static final int WIDTH = 4;
  private static final ModelDimensions GROUPED = new ModelDimensions(1, HIDDEN, 4, 2, WIDTH);

  private final Random random = new Random(20);

  private double[] gaussian(int count) {
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      values[i] = random.nextGaussian();
    }
    return values;
  }

  /** Four query heads on two key heads; the last head of Q and O is zero. */
  private MemoryCheckpoint grouped() {
    double[] q = gaussian(4 * WIDTH * HIDDEN);
    java.util.Arrays.fill(q, 3 * WIDTH * HIDDEN, q.length, 0);
    double[] o = gaussian(HIDDEN * 4 * WIDTH);
    return new MemoryCheckpoint()
        .add("q", DType.F64, q, 4 * WIDTH, HIDDEN)
        .add("k", DType.F64, gaussian(2 * WIDTH * HIDDEN), 2 * WIDTH, HIDDEN)
        .add("v", DType.F64, gaussian(2 * WIDTH * HIDDEN), 2 * WIDTH, HIDDEN)
        .add("o", DType.F64, o, HIDDEN, 4 * WIDTH)
        .add("m1", DType.F64, gaussian(20 * HIDDEN), 20, HIDDEN)
        .add("m2", DType.F64, gaussian(20 * HIDDEN), HIDDEN, 20);
  }

  private static ModelStructure structure(MemoryCheckpoint checkpoint, BalanceTraits traits) {
    return FakeStructure.of(
        GROUPED,
        traits,
        List.of(
            checkpoint.matrix("q", 0, Role.Q, false),
            checkpoint.matrix("k", 0, Role.K, false),
            checkpoint.matrix("v", 0, Role.V, false),
            checkpoint.matrix("o", 0, Role.O, false),
            checkpoint.matrix("m1", 0, Role.M1, false),
            checkpoint.matrix("m2", 0, Role.M2, false)));
  }

  private static AnalysisReport analyze(MemoryCheckpoint checkpoint, BalanceTraits traits)
      throws Exception {
    return ModelAnalyzer.analyze(
        AnalysisSubject.of(checkpoint, structure(checkpoint, traits)),
        AnalysisRequest.everything(),
        ProgressListener.NONE);
  }

  private static List<Identity> identities(AnalysisReport report, Product product) {
    return report.balance().stream()
        .filter(entry -> entry.product() == product)
        .map(BalanceMetrics::identity)
        .toList();
  }

  @Test
  void zeroHeadsAreMeasuredLikeOthers() throws Exception {
    try (MemoryCheckpoint checkpoint = grouped()) {
      AnalysisReport report =
          analyze(checkpoint, new BalanceTraits(Rotary.NONE, 0, false, Mlp.SMOOTH));
      HeadMetrics zero =
          report.heads().stream()
              .filter(head -> head.head() == 3 && head.product() == Product.QK)
              .findFirst()
              .orElseThrow();
      assertThat(zero.nuclear()).isZero();
      assertThat(zero.pseudoRank()).isZero();
      assertThat(zero.relativeDiscrepancy()).isCloseTo(2, within(ROUNDING));
      assertThat(report.heads())
          .hasSize(8)
          .allSatisfy(head -> {
            assertThat(head.tightness()).isBetween(0.0, 1 + ROUNDING);
            // Proposition A.4: what is missing from tightness is at most the bound
            assertThat(head.halfFrobeniusSquared() - head.nuclear())
                .isLessThanOrEqualTo(head.bound() + ROUNDING);
          });
    }
  }

  @Test
  void identityTestedIsThatOfTheArchitecture() throws Exception {
    try (MemoryCheckpoint checkpoint = grouped()) {
      AnalysisReport plain =
          analyze(checkpoint, new BalanceTraits(Rotary.NONE, 0, false, Mlp.SMOOTH));
      assertThat(identities(plain, Product.QK)).containsExactly(Identity.GQA_SUM, Identity.GQA_SUM);
      assertThat(identities(plain, Product.VP)).containsExactly(Identity.GQA_SUM, Identity.GQA_SUM);
      assertThat(identities(plain, Product.MLP)).containsExactly(Identity.NONE);
      AnalysisReport rotary =
          analyze(checkpoint, new BalanceTraits(Rotary.HALF_SPLIT, WIDTH, false, Mlp.GATED));
      assertThat(identities(rotary, Product.QK))
          .containsExactly(Identity.ROTARY_PAIRS, Identity.ROTARY_PAIRS);
      assertThat(identities(rotary, Product.MLP)).containsExactly(Identity.NEURON);
      AnalysisReport partial =
          analyze(checkpoint, new BalanceTraits(Rotary.INTERLEAVED, 2, false, Mlp.UNKNOWN));
      assertThat(identities(partial, Product.QK))
          .containsExactly(
              Identity.ROTARY_PAIRS, Identity.UNROTATED, Identity.ROTARY_PAIRS, Identity.UNROTATED);
      AnalysisReport normalised =
          analyze(checkpoint, new BalanceTraits(Rotary.HALF_SPLIT, WIDTH, true, Mlp.GATED));
      assertThat(identities(normalised, Product.QK)).containsExactly(Identity.NONE);
    }
  }

  @Test
  void constructedStationaryPointsAreBalanced() throws Exception {
    // keys that are the root of the sum of the group's queries; values and outputs, up and down
    // likewise: one column each is enough to place the norms
    double[] q = new double[4 * WIDTH * HIDDEN];
    double[] k = new double[2 * WIDTH * HIDDEN];
    double[] o = new double[HIDDEN * 4 * WIDTH];
    double[] m1 = new double[20 * HIDDEN];
    double[] m2 = new double[HIDDEN * 20];
    for (int g = 0; g < 2; g++) {
      for (int i = 0; i < WIDTH; i++) {
        double squares = 0;
        for (int h = 2 * g; h < 2 * g + 2; h++) {
          double value = 1 + h + i;
          q[(h * WIDTH + i) * HIDDEN + i] = value;
          o[(i + 1) * 4 * WIDTH + h * WIDTH + i] = value;
          squares += value * value;
        }
        k[(g * WIDTH + i) * HIDDEN + i + 2] = Math.sqrt(squares);
      }
    }
    for (int neuron = 0; neuron < 20; neuron++) {
      m1[neuron * HIDDEN + neuron % HIDDEN] = neuron;
      m2[(neuron * 5 % HIDDEN) * 20 + neuron] = -neuron;
    }
    try (MemoryCheckpoint checkpoint =
        new MemoryCheckpoint()
            .add("q", DType.F64, q, 4 * WIDTH, HIDDEN)
            .add("k", DType.F64, k, 2 * WIDTH, HIDDEN)
            .add("v", DType.F64, k, 2 * WIDTH, HIDDEN)
            .add("o", DType.F64, o, HIDDEN, 4 * WIDTH)
            .add("m1", DType.F64, m1, 20, HIDDEN)
            .add("m2", DType.F64, m2, HIDDEN, 20)) {
      for (Rotary rotary : Rotary.values()) {
        int width = rotary == Rotary.NONE ? 0 : 2;
        AnalysisReport report =
            analyze(checkpoint, new BalanceTraits(rotary, width, false, Mlp.GATED));
        assertThat(report.balance())
            .isNotEmpty()
            .allSatisfy(entry -> assertThat(entry.value().orElseThrow()).isLessThan(ROUNDING));
      }
    }
  }

  @Test
  void matrixWithOneNanIsSkippedWithItsCountAndNeverAveraged() throws Exception {
    try (MemoryCheckpoint checkpoint = grouped()) {
      double[] bad = gaussian(20 * HIDDEN);
      bad[7] = Double.NaN;
      checkpoint.add("m1", DType.F64, bad, 20, HIDDEN);
      AnalysisReport report =
          analyze(checkpoint, new BalanceTraits(Rotary.NONE, 0, false, Mlp.HOMOGENEOUS));
      assertThat(report.matrices()).extracting(m -> m.role()).doesNotContain(Role.M1);
      assertThat(report.skipped())
          .extracting(AnalysisReport.Skipped::tensor)
          .containsExactly("m1", "m1 against m2");
      assertThat(report.skipped().get(0).reason())
          .isEqualTo("1 NaN and 0 infinite of 240 elements");
      String json = JsonReport.write(report, "test");
      assertThat(json).doesNotContain("NaN,").doesNotContain("Infinity");
      assertThat(CsvReport.write(report))
          .startsWith(
              "model,tensor,layer,role,head,metric,value,errorBound\nmemory,q,0,Q,,frobenius,");
    }
  }

  /** Q, K, V and QKV are measured together. */
  @Test
  void nanInOneOfQkvLeavesTheOthersTheirSpectra() throws Exception {
    double[] bad = gaussian(HIDDEN * HIDDEN);
    bad[5] = Double.NaN;
    try (MemoryCheckpoint checkpoint =
        new MemoryCheckpoint()
            .add("q", DType.F64, gaussian(HIDDEN * HIDDEN), HIDDEN, HIDDEN)
            .add("k", DType.F64, bad, HIDDEN, HIDDEN)
            .add("v", DType.F64, gaussian(HIDDEN * HIDDEN), HIDDEN, HIDDEN)) {
      WeightMatrix q = checkpoint.matrix("q", 0, Role.Q, false);
      WeightMatrix k = checkpoint.matrix("k", 0, Role.K, false);
      WeightMatrix v = checkpoint.matrix("v", 0, Role.V, false);
      List<MatrixBlock> blocks = new ArrayList<>();
      Stream.of(q, k, v).forEach(matrix -> blocks.addAll(matrix.blocks()));
      WeightMatrix qkv =
          new WeightMatrix(
              "", 0, Role.QKV, OptionalInt.empty(), "q+k+v", 3L * HIDDEN, HIDDEN, blocks);
      ModelStructure structure =
          FakeStructure.of(
              new ModelDimensions(1, HIDDEN, 3, 3, WIDTH),
              new BalanceTraits(Rotary.NONE, 0, false, Mlp.HOMOGENEOUS),
              List.of(q, k, v, qkv));
      AnalysisReport report =
          ModelAnalyzer.analyze(
              AnalysisSubject.of(checkpoint, structure),
              AnalysisRequest.everything(),
              ProgressListener.NONE);
      assertThat(report.matrices())
          .extracting(matrix -> matrix.role(), matrix -> matrix.spectrum().isPresent())
          .containsExactly(tuple(Role.Q, true), tuple(Role.V, true));
      assertThat(report.skipped())
          .extracting(Skipped::tensor, Skipped::reason)
          .startsWith(
              tuple("k", "1 NaN and 0 infinite of 144 elements"),
              tuple("q+k+v", "1 NaN and 0 infinite of 432 elements"));
    }
  }

  @Test
  void constantTensorsAreReportedAndNotAveraged() throws Exception {
    try (MemoryCheckpoint checkpoint = grouped()) {
      double[] same = new double[20 * HIDDEN];
      java.util.Arrays.fill(same, 0.25);
      checkpoint.add("m1", DType.F64, same, 20, HIDDEN);
      checkpoint.add("m2", DType.F64, new double[20 * HIDDEN], HIDDEN, 20);
      AnalysisReport report =
          analyze(checkpoint, new BalanceTraits(Rotary.NONE, 0, false, Mlp.HOMOGENEOUS));
      assertThat(report.matrices())
          .filteredOn(matrix -> matrix.constant())
          .extracting(matrix -> matrix.role())
          .containsExactly(Role.M1, Role.M2);
      assertThat(report.summary().constant()).isEqualTo(2);
      assertThat(report.summary().roles())
          .extracting(AnalysisReport.RoleSummary::role)
          .containsExactly(Role.Q, Role.K, Role.V, Role.O);
      assertThat(report.normPreservation().roles())
          .extracting(NormPreservation.RoleSpread::role)
          .containsExactly(Role.O);
    }
  }

  @Test
  void taskVectorsAreMeasuredAsTheDifferenceStoredWouldBe() throws Exception {
    try (MemoryCheckpoint base = grouped();
        MemoryCheckpoint model = grouped();
        MemoryCheckpoint stored = new MemoryCheckpoint()) {
      for (TensorSpec spec : base.tensors()) {
        int count = (int) spec.elements();
        double[] x = new double[count];
        double[] y = new double[count];
        TensorCodec.decode(spec.dtype(), model.mapped(spec.name()).orElseThrow(), 0, x, count);
        TensorCodec.decode(spec.dtype(), base.mapped(spec.name()).orElseThrow(), 0, y, count);
        for (int i = 0; i < count; i++) {
          x[i] -= y[i];
        }
        List<Long> shape = spec.shape().dimensions();
        stored.add(spec.name(), DType.F64, x, shape.get(0), shape.get(1));
      }
      BalanceTraits traits = new BalanceTraits(Rotary.NONE, 0, false, Mlp.SMOOTH);
      AnalysisReport difference =
          ModelAnalyzer.analyze(
              AnalysisSubject.of(model, structure(model, traits))
                  .minus(new Counterparts(AnalysisSubject.of(base, structure(base, traits)))),
              AnalysisRequest.everything(),
              ProgressListener.NONE);
      AnalysisReport expected = analyze(stored, traits);
      assertThat(difference.model().base()).hasValue("memory");
      assertThat(difference.heads()).isEqualTo(expected.heads());
      assertThat(difference.balance()).as("no identity is of differences").isEmpty();
      assertThat(difference.matrices()).hasSameSizeAs(expected.matrices());
      for (int i = 0; i < expected.matrices().size(); i++) {
        assertThat(difference.matrices().get(i).spectrum())
            .isEqualTo(expected.matrices().get(i).spectrum());
        assertThat(difference.matrices().get(i).spectral())
            .isEqualTo(expected.matrices().get(i).spectral());
      }
    }
  }

  @Test
  void epsilonRankSaysWhichValuesLieOnTheThreshold() {
    SpectrumMetrics spectrum =
        SpectrumMetrics.of(List.of(1.0, 0.5, 0.1 * (1 + 1e-11), 0.1 * (1 - 1e-11), 0.01), 0.1, 0);
    assertThat(spectrum.epsilonRank()).isEqualTo(3);
    assertThat(spectrum.epsilonRankLow()).isEqualTo(2);
    assertThat(spectrum.epsilonRankHigh()).isEqualTo(4);
    SpectrumMetrics rough = SpectrumMetrics.of(List.of(1.0, 1e-3, 1e-9), 1e-6, 1e-10);
    assertThat(rough.epsilonRankLow()).isEqualTo(2);
    assertThat(rough.epsilonRankHigh()).as("squares are known to 2e-10").isEqualTo(3);
  }

  @Test
  void convolutionsOfUnknownFamiliesAreFlattenedToTheirKernels() throws Exception {
    // a ResNet's first layers: no definition, by name and shape alone
    try (MemoryCheckpoint checkpoint =
        new MemoryCheckpoint()
            .add("conv1.weight", DType.F32, gaussian(8 * 3 * 7 * 7), 8, 3, 7, 7)
            .add("layer1.0.conv1.weight", DType.F32, gaussian(16 * 8 * 3 * 3), 16, 8, 3, 3)
            .add("bn1.weight", DType.F32, gaussian(8), 8)
            .add("fc.weight", DType.F32, gaussian(10 * 16), 10, 16)) {
      AnalysisReport report =
          ModelAnalyzer.analyze(
              AnalysisSubject.of(checkpoint, Architectures.load().structure(null, checkpoint)),
              AnalysisRequest.everything(),
              ProgressListener.NONE);
      assertThat(report.matrices())
          .extracting(m -> m.tensor() + " " + m.rows() + " x " + m.columns())
          .containsExactly(
              "conv1.weight 8 x 147", "layer1.0.conv1.weight 16 x 72", "fc.weight 10 x 16");
    }
  }

  @Test
  void interruptionStopsTheAnalysis() throws Exception {
    try (MemoryCheckpoint checkpoint = grouped()) {
      Thread.currentThread().interrupt();
      assertThatThrownBy(
              () -> analyze(checkpoint, new BalanceTraits(Rotary.NONE, 0, false, Mlp.SMOOTH)))
          .isInstanceOf(InterruptedException.class);
    } finally {
      Thread.interrupted();
    }
  }

  @Test
  void harmonicMeanWeighsLateLayersAsLemma3Does() {
    assertThat(NormPreservation.weightedHarmonicMean(new double[] {1, 2, 4}, 1).orElseThrow())
        .isCloseTo(3 / (1 + 0.5 + 0.25), within(ROUNDING));
    double expected = 7 / (8.0 / 1 + Math.pow(2, 1.5) / 2 + 1.0 / 4);
    assertThat(NormPreservation.weightedHarmonicMean(new double[] {1, 2, 4}, 2).orElseThrow())
        .isCloseTo(expected, within(ROUNDING));
    assertThat(NormPreservation.weightedHarmonicMean(new double[] {1, 0}, 1)).isEmpty();
  }
}
