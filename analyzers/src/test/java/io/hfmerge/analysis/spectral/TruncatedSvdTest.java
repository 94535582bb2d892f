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
import org.junit.jupiter.params.provider.ValueSource;

/** Matrices {@code U Σ Vᵀ} made from known Σ and rotations, whose best approximations are known. */
class TruncatedSvdTest {

  /** Rounding of f64 products of unit-sized numbers, some hundred of them. */
  private static final double TOLERANCE = 1e-12;

  /** Of products in f32, relative; what a bound rests on. */
  private static final double FLOAT_NOISE = 1e-6;

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

  /** Kinds of spectra of large matrices, of whose singular values LAPACK gives all. */
  private enum Spectrum {
    POWER_LAW {
      @Override
      double sigma(int i) {
        return 1 / (1.0 + i);
      }
    },
    /** As differences of a training run at its end look: no value stands out. */
    BULK {
      @Override
      double sigma(int i) {
        return 1;
      }
    },
    SPIKES_ON_A_BULK {
      @Override
      double sigma(int i) {
        return i < 5 ? 10 - i : 0.1;
      }
    },
    PAIRS {
      @Override
      double sigma(int i) {
        return Math.pow(0.8, i / 2);
      }
    },
    /** What an adapter of this rank makes. */
    LOW_RANK {
      @Override
      double sigma(int i) {
        return i < 8 ? 1 + i : 0;
      }
    };

    abstract double sigma(int i);

    /** Gaussian factors around the values. */
    double[] matrix(int rows, int columns) {
      Random random = new Random(ordinal());
      int k = Math.min(rows, columns);
      double[] left = random.doubles((long) rows * k, -1, 1).toArray();
      double[] right = new double[columns * k];
      for (int j = 0; j < columns; j++) {
        for (int i = 0; i < k; i++) {
          right[j * k + i] = random.nextGaussian() * sigma(i);
        }
      }
      double[] matrix = new double[rows * columns];
      Blas.multiplyTransposed(left, right, matrix, rows, columns, k);
      return matrix;
    }
  }

  @ParameterizedTest
  @CsvSource({
    "POWER_LAW, 700, 520, 16",
    "POWER_LAW, 520, 900, 1",
    "BULK, 700, 520, 16",
    "BULK, 560, 560, 32",
    "SPIKES_ON_A_BULK, 700, 520, 8",
    "PAIRS, 520, 700, 9",
    "LOW_RANK, 700, 520, 16"
  })
  void staysWithinItsBoundOfTheBestWhereFewOfManyAreKept(
      Spectrum spectrum, int rows, int columns, int rank) throws IOException {
    double[] matrix = spectrum.matrix(rows, columns);
    double[] squares =
        Arrays.stream(SingularValues.of(matrix, rows, columns)).map(x -> x * x).toArray();
    double best = Arrays.stream(squares).limit(rank).sum() / Arrays.stream(squares).sum();

    LowRankMatrix result = TruncatedSvd.of(lines(matrix, rows, columns), RankChoice.ofRank(rank));

    assertThat(result.rank()).isEqualTo(spectrum == Spectrum.LOW_RANK ? 8 : rank);
    assertThat(result.energy()).isLessThanOrEqualTo(best + TOLERANCE);
    assertThat(best - result.energy()).isLessThanOrEqualTo(result.shortfall() + TOLERANCE);
    assertThat(result.shortfall())
        .isLessThanOrEqualTo(1.01 * LeadingSubspace.STOP * best + FLOAT_NOISE);
    // what is said to be kept is what is kept
    double[] kept = product(result, rows, columns);
    double left = 0;
    double all = 0;
    for (int i = 0; i < matrix.length; i++) {
      left += (matrix[i] - kept[i]) * (matrix[i] - kept[i]);
      all += matrix[i] * matrix[i];
    }
    assertThat(result.energy()).isCloseTo(1 - left / all, within(TOLERANCE));
    assertThat(result.frobenius()).isCloseTo(Math.sqrt(all), within(TOLERANCE * all));
    for (int k = 1; k < result.rank(); k++) {
      assertThat(column(result, rows, k)).isLessThanOrEqualTo(column(result, rows, k - 1) * 1.001);
    }
  }

  /** Norm of a column of b: the root of a singular value. */
  private static double column(LowRankMatrix factors, int rows, int k) {
    double sum = 0;
    for (int i = 0; i < rows; i++) {
      sum += Math.pow(factors.b()[i * factors.rank() + k], 2);
    }
    return Math.sqrt(sum);
  }

  @ParameterizedTest
  @ValueSource(doubles = {1e-30, 1e-15, 1e15, 1e30})
  void findsTheSameFewOfManyInEveryUnit(double unit) throws IOException {
    double[] matrix = Spectrum.POWER_LAW.matrix(600, 512);
    double[] scaled = Arrays.stream(matrix).map(x -> x * unit).toArray();
    RankChoice choice = RankChoice.ofRank(8);
    LowRankMatrix one = TruncatedSvd.of(lines(matrix, 600, 512), choice);
    LowRankMatrix other = TruncatedSvd.of(lines(scaled, 600, 512), choice);
    assertThat(other.energy()).isCloseTo(one.energy(), within(1e-6));
    assertThat(other.frobenius() / unit).isCloseTo(one.frobenius(), within(1e-9 * 600 * 512));
    assertThat(other.shortfall()).isLessThan(2 * LeadingSubspace.STOP);
  }

  @Test
  void fewOfManyCanBeFewerForAnEnergyAndNoneOfZero() throws IOException {
    double[] matrix = Spectrum.SPIKES_ON_A_BULK.matrix(600, 512);
    RankChoice choice = new RankChoice(OptionalInt.of(16), OptionalDouble.of(0.3));
    LowRankMatrix result = TruncatedSvd.of(lines(matrix, 600, 512), choice);
    assertThat(result.rank()).isBetween(1, 4);
    assertThat(result.energy()).isGreaterThanOrEqualTo(0.3);
    LowRankMatrix zero =
        TruncatedSvd.of(lines(new double[600 * 512], 600, 512), RankChoice.ofRank(8));
    assertThat(zero.rank()).isZero();
    matrix[77] = Double.POSITIVE_INFINITY;
    assertThatThrownBy(() -> TruncatedSvd.of(lines(matrix, 600, 512), choice))
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
