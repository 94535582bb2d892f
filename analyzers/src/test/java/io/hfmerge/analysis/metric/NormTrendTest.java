package io.hfmerge.analysis.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.hfmerge.hf.arch.Role;
import io.hfmerge.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;

class NormTrendTest {

  private static final double ROUNDING = 1e-12;

  private static MatrixMetrics matrix(int layer, double frobenius, boolean constant) {
    return new MatrixMetrics(
        "",
        layer,
        Role.M1,
        OptionalInt.empty(),
        "m1",
        4,
        4,
        DType.F32,
        frobenius,
        frobenius / 2,
        0,
        0,
        false,
        constant,
        Optional.empty());
  }

  @Test
  void lineOfLayersIsNotTurnedByTheFirstAndTheLast() {
    List<MatrixMetrics> matrices = new ArrayList<>();
    Random random = new Random(2);
    for (int layer = 0; layer < 12; layer++) {
      double norm = 10 + 0.5 * layer + 0.01 * random.nextGaussian();
      matrices.add(matrix(layer, layer == 0 ? 25 : layer == 11 ? 9 : norm, false));
    }
    NormPreservation norms = NormPreservation.of(matrices);
    NormTrend trend = norms.roles().getFirst().trend().orElseThrow();
    assertThat(trend.slope()).isCloseTo(0.5, within(0.01));
    assertThat(trend.at(5)).isCloseTo(12.5, within(0.05));
    assertThat(norms.outliers()).extracting(NormPreservation.Outlier::layer).containsExactly(0, 11);
    assertThat(norms.outliers().get(0).score()).isGreaterThan(NormTrend.OUTLIER);
    assertThat(norms.outliers().get(1).score()).isLessThan(-NormTrend.OUTLIER);
  }

  @Test
  void equalNormsHaveNoOutliersHoweverSmallTheirSpread() {
    List<MatrixMetrics> matrices = new ArrayList<>();
    for (int layer = 0; layer < 8; layer++) {
      matrices.add(matrix(layer, 10 + (layer == 3 ? 0.05 : 0), false));
    }
    NormPreservation norms = NormPreservation.of(matrices);
    assertThat(norms.outliers()).isEmpty();
    assertThat(norms.roles().getFirst().trend().orElseThrow().slope()).isZero();
  }

  @Test
  void fewLayersHaveNoTrend() {
    NormPreservation norms =
        NormPreservation.of(List.of(matrix(0, 1, false), matrix(1, 100, false)));
    assertThat(norms.roles().getFirst().trend()).isEmpty();
    assertThat(norms.outliers()).isEmpty();
  }

  @Test
  void constantMatricesDoNotCount() {
    NormPreservation norms =
        NormPreservation.of(List.of(matrix(0, 3, false), matrix(1, 0, true), matrix(2, 5, false)));
    assertThat(norms.roles().getFirst().mean()).isCloseTo(4, within(ROUNDING));
    assertThat(norms.weightedHarmonicStableRank().orElseThrow()).isCloseTo(2, within(ROUNDING));
  }
}
