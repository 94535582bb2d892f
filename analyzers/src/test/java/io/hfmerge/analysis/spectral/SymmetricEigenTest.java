package io.hfmerge.analysis.spectral;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.nio.DoubleBuffer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SymmetricEigenTest {

  /**
   * Eigenvalues of {@code min(i, j)}, the covariance of a random walk, in both reductions: {@code
   * 1/(4 sin²((2k − 1)π/(4n + 2)))}.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 100, 959, 960})
  void valuesOfARandomWalkAreTheKnownOnes(int n) {
    double[] values;
    try (Arena arena = Arena.ofConfined()) {
      DoubleBuffer matrix = Blas.allocate(arena, (long) n * n);
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
          matrix.put(i * n + j, Math.min(i, j) + 1);
        }
      }
      values = SymmetricEigen.valuesInPlace(matrix, n);
    }
    assertThat(values).hasSize(n);
    for (int k = 1; k <= n; k++) {
      double sine = Math.sin((2 * k - 1) * Math.PI / (4 * n + 2));
      assertThat(values[n - k])
          .isCloseTo(1 / (4 * sine * sine), within(0x1p-52 * n * values[n - 1]));
    }
  }
}
