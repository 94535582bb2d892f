package io.hfmerge.analysis.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.hfmerge.analysis.spectral.FactorPair;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BalanceBoundsTest {

  /** Rounding of nuclear norms from Gram matrices: 1e-8 of the largest singular value. */
  private static final double ROUNDING = 1e-7;

  private static double[] gram(double[] rows, int k, int d) {
    double[] gram = new double[k * k];
    for (int i = 0; i < k; i++) {
      for (int j = 0; j < k; j++) {
        for (int c = 0; c < d; c++) {
          gram[i * k + j] += rows[i * d + c] * rows[j * d + c];
        }
      }
    }
    return gram;
  }

  /** Balanced factors (B a rotation of A) with noise on top. */
  @ParameterizedTest
  @ValueSource(doubles = {0, 1e-6, 1e-3, 0.1, 1, 10})
  void gapOfNearlyBalancedFactorsStaysWithinBothBounds(double noise) {
    int k = 4;
    int d = 9;
    Random random = new Random(3);
    for (int repeat = 0; repeat < 20; repeat++) {
      double[] a = new double[k * d];
      double[] b = new double[k * d];
      for (int i = 0; i < k; i++) {
        for (int c = 0; c < d; c++) {
          a[i * d + c] = random.nextGaussian();
        }
        for (int c = 0; c < d; c++) {
          b[i * d + c] = a[i * d + (c + 1) % d] + noise * random.nextGaussian();
        }
      }
      HeadMetrics head =
          HeadMetrics.of("", 0, 0, Product.QK, new FactorPair(k, gram(a, k, d), gram(b, k, d)));
      double gap = Math.abs(head.nuclear() - head.halfFrobeniusSquared());
      assertThat(gap).isLessThanOrEqualTo(head.bound() + ROUNDING * head.nuclear());
      head.boundA5()
          .ifPresent(bound -> {
            assertThat(gap).isLessThanOrEqualTo(bound + ROUNDING * head.nuclear());
            // 4 e r times the other, by the proposition's own formula
            assertThat(bound).isCloseTo(4 * Math.E * k * head.bound(), within(1e-9 * bound));
          });
      if (noise <= 1e-3) {
        assertThat(head.boundA5()).isPresent();
      }
      if (noise >= 10) {
        assertThat(head.boundA5()).as("its condition does not hold").isEmpty();
      }
    }
  }

  @Test
  void chainsNeedTwoFactors() {
    assertThatThrownBy(() -> BalanceBounds.ofChain(3, new double[] {1}, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(BalanceBounds.ofChain(3, new double[] {2, 2, 2}, 0).orElseThrow()).isZero();
  }

  @Test
  void correlationOfRowNormsIsPearsons() {
    RowNorms norms = new RowNorms(List.of(1.0, 2.0, 3.0, 5.0), List.of(2.0, 1.0, 4.0, 6.0));
    // numpy.corrcoef([1, 2, 3, 5], [2, 1, 4, 6])[0, 1]
    assertThat(norms.correlation().orElseThrow()).isCloseTo(0.9022436386781061, within(1e-12));
    assertThat(new RowNorms(List.of(1.0, 1.0), List.of(1.0, 2.0)).correlation()).isEmpty();
    assertThat(new RowNorms(List.of(), List.of()).correlation()).isEmpty();
  }
}
