package io.hfmerge.analysis.spectral;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.Arrays;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Matrices {@code U Σ Vᵀ} made from known Σ and rotations, whose best approximations are known. */
class TruncatedSvdTest {

  /** Rounding of f64 products of unit-sized numbers, some hundred of them. */
  private static final double TOLERANCE = 1e-12;

  private static final double[] SIGMA = {5, 3, 2, 1, 0.5, 1e-3};

  @ParameterizedTest
  @CsvSource({"9, 6, 1", "9, 6, 3", "6, 9, 4", "6, 6, 6", "40, 6, 2", "6, 40, 5"})
  void keepsTheLargestSingularValues(int rows, int columns, int rank) throws IOException {
    double[][] u = rotation(rows, new Random(1));
    double[][] v = rotation(columns, new Random(2));
    double[] matrix = assemble(u, v, SIGMA.length);
    double[] best = assemble(u, v, rank);

    LowRankMatrix result = TruncatedSvd.of(lines(matrix, rows, columns), RankChoice.ofRank(rank));

    assertThat(result.rank()).isEqualTo(rank);
    assertClose(product(result, rows, columns), best);
    assertThat(result.energy()).isCloseTo(share(rank), within(TOLERANCE));
    assertThat(result.frobenius()).isCloseTo(norm(SIGMA.length), within(TOLERANCE));
  }

  @Test
  void ofAProductKeepsTheLargestOfTheProduct() {
    int rows = 11;
    int columns = 7;
    double[][] u = rotation(rows, new Random(3));
    double[][] v = rotation(columns, new Random(4));
    // factors that hide the singular values: mixed by an ill-scaled invertible matrix and its
    // inverse
    int k = SIGMA.length;
    double[] b = new double[rows * k];
    double[] a = new double[k * columns];
    for (int s = 0; s < k; s++) {
      double scale = Math.pow(10, 2 * s - 5);
      for (int i = 0; i < rows; i++) {
        b[i * k + s] = u[s][i] * SIGMA[s] * scale;
      }
      for (int j = 0; j < columns; j++) {
        a[s * columns + j] = v[s][j] / scale;
      }
    }
    for (int rank = 1; rank <= k; rank++) {
      LowRankMatrix result =
          TruncatedSvd.ofProduct(b, a, rows, columns, k, RankChoice.ofRank(rank));
      assertThat(result.rank()).isEqualTo(rank);
      assertClose(product(result, rows, columns), assemble(u, v, rank));
      assertThat(result.energy()).isCloseTo(share(rank), within(TOLERANCE));
    }
  }

  @Test
  void factorsWiderThanTheMatrixAreFine() {
    Random random = new Random(5);
    double[] b = random.doubles(3 * 8).toArray();
    double[] a = random.doubles(8 * 4).toArray();
    LowRankMatrix result = TruncatedSvd.ofProduct(b, a, 3, 4, 8, RankChoice.all());
    double[] expected = new double[12];
    for (int i = 0; i < 3; i++) {
      for (int j = 0; j < 4; j++) {
        for (int k = 0; k < 8; k++) {
          expected[i * 4 + j] += b[i * 8 + k] * a[k * 4 + j];
        }
      }
    }
    assertThat(result.rank()).isEqualTo(3);
    assertClose(product(result, 3, 4), expected);
  }

  @Test
  void takesAsManyAsTheEnergyNeeds() throws IOException {
    double[][] u = rotation(8, new Random(6));
    double[][] v = rotation(8, new Random(7));
    LineSource matrix = lines(assemble(u, v, SIGMA.length), 8, 8);
    for (int rank = 1; rank <= 5; rank++) {
      RankChoice choice =
          new RankChoice(OptionalInt.empty(), OptionalDouble.of(share(rank) - 1e-9));
      assertThat(TruncatedSvd.of(matrix, choice).rank()).isEqualTo(rank);
    }
    RankChoice both = new RankChoice(OptionalInt.of(2), OptionalDouble.of(0.9999));
    assertThat(TruncatedSvd.of(matrix, both).rank()).isEqualTo(2);
  }

  @Test
  void zeroHasNoRankAndNanIsRefused() throws IOException {
    assertThat(TruncatedSvd.of(lines(new double[12], 3, 4), RankChoice.all()).rank()).isZero();
    assertThat(
            TruncatedSvd.ofProduct(new double[6], new double[8], 3, 4, 2, RankChoice.all()).rank())
        .isZero();
    double[] broken = new double[12];
    broken[5] = Double.NaN;
    assertThatThrownBy(() -> TruncatedSvd.of(lines(broken, 3, 4), RankChoice.all()))
        .isInstanceOf(ArithmeticException.class);
  }

  private static double share(int rank) {
    return Math.pow(norm(rank) / norm(SIGMA.length), 2);
  }

  private static double norm(int rank) {
    return Math.sqrt(Arrays.stream(SIGMA).limit(rank).map(x -> x * x).sum());
  }

  private static void assertClose(double[] actual, double[] expected) {
    assertThat(actual).containsExactly(expected, within(TOLERANCE));
  }

  /** Orthonormal rows, by Gram and Schmidt twice. */
  private static double[][] rotation(int n, Random random) {
    double[][] rows = new double[n][];
    for (int i = 0; i < n; i++) {
      double[] row = random.doubles(n, -1, 1).toArray();
      for (int pass = 0; pass < 2; pass++) {
        for (int k = 0; k < i; k++) {
          double dot = dot(row, rows[k]);
          for (int j = 0; j < n; j++) {
            row[j] -= dot * rows[k][j];
          }
        }
      }
      double length = Math.sqrt(dot(row, row));
      rows[i] = Arrays.stream(row).map(x -> x / length).toArray();
    }
    return rows;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static double[] assemble(double[][] u, double[][] v, int rank) {
    double[] matrix = new double[u.length * v.length];
    for (int s = 0; s < rank; s++) {
      for (int i = 0; i < u.length; i++) {
        for (int j = 0; j < v.length; j++) {
          matrix[i * v.length + j] += SIGMA[s] * u[s][i] * v[s][j];
        }
      }
    }
    return matrix;
  }

  private static double[] product(LowRankMatrix factors, int rows, int columns) {
    double[] matrix = new double[rows * columns];
    for (int i = 0; i < rows; i++) {
      for (int k = 0; k < factors.rank(); k++) {
        for (int j = 0; j < columns; j++) {
          matrix[i * columns + j] +=
              factors.b()[i * factors.rank() + k] * factors.a()[k * columns + j];
        }
      }
    }
    return matrix;
  }

  private static LineSource lines(double[] matrix, int rows, int columns) {
    boolean turned = rows < columns;
    return new LineSource() {
      @Override
      public int count() {
        return Math.max(rows, columns);
      }

      @Override
      public int length() {
        return Math.min(rows, columns);
      }

      @Override
      public boolean columns() {
        return turned;
      }

      @Override
      public void read(int first, int some, double[] target) {
        for (int i = 0; i < some; i++) {
          for (int k = 0; k < length(); k++) {
            int line = first + i;
            target[i * length() + k] = matrix[turned ? k * columns + line : line * columns + k];
          }
        }
      }
    };
  }
}
