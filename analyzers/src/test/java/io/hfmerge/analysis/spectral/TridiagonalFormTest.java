package io.hfmerge.analysis.spectral;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TridiagonalFormTest {

  /** A few n u for n = 100. */
  private static final double ROUNDING = 1e-12;

  /** Few vectors and many come by different routes; ties must do no harm to either. */
  @ParameterizedTest
  @CsvSource({
    "1, 1, 1",
    "2, 1, 1",
    "100, 5, 1",
    "100, 60, 1",
    "100, 100, 1",
    "90, 4, 10",
    "90, 90, 10"
  })
  void leadingVectorsAreOrthonormalAndInvariant(int n, int count, int ties) {
    // QᵀΛQ with Q a product of two reflections and each eigenvalue of some multiplicity
    double[] eigenvalues = new double[n];
    for (int i = 0; i < n; i++) {
      eigenvalues[i] = 1 + i / ties;
    }
    double[] dense = new double[n * n];
    for (int i = 0; i < n; i++) {
      dense[i * n + i] = eigenvalues[i];
    }
    Random random = new Random(n + count);
    for (int turn = 0; turn < 2; turn++) {
      reflect(dense, n, random);
    }
    try (Arena arena = Arena.ofConfined()) {
      SquareMatrix matrix = SquareMatrix.zero(arena, n);
      matrix.values().put(0, dense);
      TridiagonalForm form = TridiagonalForm.of(matrix, arena);
      double[] values = form.values();
      for (int i = 0; i < n; i++) {
        assertThat(values[i]).isCloseTo(eigenvalues[i], within(ROUNDING * n));
      }
      TridiagonalForm.Leading leading = form.leading(count, arena);
      for (int k = 0; k < count; k++) {
        assertThat(leading.values()[k]).isCloseTo(eigenvalues[n - 1 - k], within(ROUNDING * n));
        for (int other = 0; other <= k; other++) {
          assertThat(leading.vectors().dot(k, leading.vectors(), other))
              .isCloseTo(other == k ? 1 : 0, within(ROUNDING));
        }
        for (int i = 0; i < n; i++) {
          double sum = 0;
          for (int j = 0; j < n; j++) {
            sum += dense[i * n + j] * leading.vectors().get(k, j);
          }
          assertThat(sum)
              .isCloseTo(leading.values()[k] * leading.vectors().get(k, i), within(ROUNDING * n));
        }
      }
    }
  }

  /** H A H with a random reflection H = I − 2vvᵀ. */
  private static void reflect(double[] matrix, int n, Random random) {
    double[] v = new double[n];
    double square = 0;
    for (int i = 0; i < n; i++) {
      v[i] = random.nextGaussian();
      square += v[i] * v[i];
    }
    for (int side = 0; side < 2; side++) {
      for (int line = 0; line < n; line++) {
        double dot = 0;
        for (int i = 0; i < n; i++) {
          dot += v[i] * matrix[side == 0 ? line * n + i : i * n + line];
        }
        for (int i = 0; i < n; i++) {
          matrix[side == 0 ? line * n + i : i * n + line] -= 2 * dot * v[i] / square;
        }
      }
    }
  }
}
