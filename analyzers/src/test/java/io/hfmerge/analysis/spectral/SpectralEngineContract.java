package io.hfmerge.analysis.spectral;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.hfmerge.analysis.MemoryCheckpoint;
import io.hfmerge.analysis.matrix.MatrixCombination;
import io.hfmerge.analysis.matrix.MatrixSource;
import io.hfmerge.analysis.matrix.NonFiniteMatrixException;
import io.hfmerge.analysis.matrix.Orientation;
import io.hfmerge.tensor.DType;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.bytedeco.openblas.global.openblas;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What every engine must do; the reference is LAPACK's dgesdd in f64. */
public abstract class SpectralEngineContract {

  /** Accuracy that engines promise for the spectral norm. */
  private static final double PROMISED = 1e-6;

  /** Rounding of the reference itself. */
  private static final double REFERENCE_NOISE = 1e-13;

  private SpectralEngine engine;

  /** A new engine. */
  protected abstract SpectralEngine create();

  @BeforeEach
  void open() {
    engine = create();
  }

  @AfterEach
  void close() {
    engine.close();
  }

  /** Gaussian numbers that f32 holds. */
  static double[] gaussian(long seed, int count) {
    Random random = new Random(seed);
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  static double[] reference(double[] values, int rows, int columns) {
    double[] singular = new double[Math.min(rows, columns)];
    if (singular.length == 0) {
      return singular;
    }
    int info =
        openblas.LAPACKE_dgesdd(
            openblas.LAPACK_ROW_MAJOR,
            (byte) 'N',
            rows,
            columns,
            values.clone(),
            columns,
            singular,
            new double[1],
            1,
            new double[1],
            1);
    assertThat(info).isZero();
    return singular;
  }

  private void check(DType dtype, double[] values, int rows, int columns) throws Exception {
    try (MemoryCheckpoint checkpoint = new MemoryCheckpoint()) {
      checkpoint.add("w", dtype, values, rows, columns);
      try (MatrixSource source = MatrixSource.open(checkpoint, checkpoint.matrix("w"))) {
        double[] stored = new double[rows * columns];
        source.read(Orientation.ROWS, 0, rows, stored, columns);
        double[] expected = reference(stored, rows, columns);
        double largest = expected.length == 0 ? 0 : expected[0];
        double frobenius = Math.sqrt(Arrays.stream(stored).map(x -> x * x).sum());
        SpectralNorms norms = engine.norms(source);
        assertThat(norms.frobenius()).isCloseTo(frobenius, within(1e-12 * frobenius));
        assertThat(norms.errorBound()).isBetween(0.0, PROMISED);
        assertThat(norms.spectral())
            .isCloseTo(largest, within(largest * (norms.errorBound() + REFERENCE_NOISE)));
        Spectrum spectrum = engine.spectrum(source);
        assertThat(spectrum.norms().spectral())
            .isCloseTo(largest, within(largest * (spectrum.norms().errorBound() + 1e-13)));
        assertThat(spectrum.singularValues()).hasSize(expected.length);
        for (int i = 0; i < expected.length; i++) {
          // the Gram route's floor, and its relative error above
          assertThat(spectrum.singularValues().get(i))
              .isCloseTo(expected[i], within(3e-7 * largest));
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0, 3",
    "3, 0",
    "1, 1",
    "1, 7",
    "7, 1",
    "2, 3",
    "64, 65",
    "65, 64",
    "129, 129",
    "130, 300",
    "300, 131",
    "1, 5000",
    "5000, 2",
    "512, 140",
    "257, 258",
    "400, 400"
  })
  void normsOfGaussianMatricesStayWithinTheirErrorBounds(int rows, int columns) throws Exception {
    for (long seed = 1; seed <= 3; seed++) {
      check(DType.F32, gaussian(seed, rows * columns), rows, columns);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"})
  void everyFloatDtypeIsReadAsStored(DType dtype) throws Exception {
    check(dtype, gaussian(5, 150 * 170), 150, 170);
  }

  /** Left and right vectors at random, singular values of a known decay. */
  private static double[] withSpectrum(Random random, int rows, int columns, int kind) {
    int rank = Math.min(rows, columns);
    double[] matrix = new double[rows * columns];
    for (int r = 0; r < rank; r++) {
      double value =
          switch (kind) {
            case 0 -> Math.pow(r + 1, -1);
            case 1 -> Math.pow(0.5, r);
            case 2 -> r < 3 ? 1 : 0.999; // nearly tied
            case 3 -> r == 0 ? 1 : 1e-4;
            default -> 1 - r / (2.0 * rank);
          };
      double[] left = random.doubles(rows, -1, 1).toArray();
      double[] right = random.doubles(columns, -1, 1).toArray();
      for (int i = 0; i < rows && value > 1e-12; i++) {
        for (int j = 0; j < columns; j++) {
          matrix[i * columns + j] += value * left[i] * right[j];
        }
      }
    }
    return matrix;
  }

  @ParameterizedTest
  @CsvSource({
    "140, 133",
    "133, 260",
    "300, 150",
    "17, 200",
    "1, 300",
    "300, 1",
    "2, 2",
    "150, 150"
  })
  void errorBoundsAreNeverExceededWhateverTheSpectrum(int rows, int columns) throws Exception {
    for (int kind = 0; kind < 5; kind++) {
      Random random = new Random(1000L * rows + 10L * columns + kind);
      double[] base = gaussian(random.nextLong(), rows * columns);
      double[] update = withSpectrum(random, rows, columns, kind);
      check(DType.F32, update, rows, columns);
      check(DType.BF16, update, rows, columns);
      checkDifference(base, update, rows, columns);
    }
  }

  /** The spectral norm of a task vector, computed from two models while they are read. */
  private void checkDifference(double[] base, double[] update, int rows, int columns)
      throws Exception {
    double[] model = base.clone();
    for (int i = 0; i < model.length; i++) {
      model[i] += update[i];
    }
    try (MemoryCheckpoint checkpoint = new MemoryCheckpoint()) {
      checkpoint.add("base", DType.F32, base, rows, columns);
      checkpoint.add("model", DType.F32, model, rows, columns);
      try (MatrixSource source =
          MatrixCombination.difference(
              MatrixSource.open(checkpoint, checkpoint.matrix("model")),
              MatrixSource.open(checkpoint, checkpoint.matrix("base")))) {
        double[] stored = new double[rows * columns];
        source.read(Orientation.ROWS, 0, rows, stored, columns);
        double largest = reference(stored, rows, columns)[0];
        for (SpectralNorms norms : List.of(engine.norms(source), engine.spectrum(source).norms())) {
          assertThat(norms.spectral())
              .isCloseTo(largest, within(largest * (norms.errorBound() + REFERENCE_NOISE)));
        }
      }
    }
  }

  @Test
  void zeroMatrixHasZeroNorms() throws Exception {
    check(DType.F32, new double[200 * 150], 200, 150);
  }

  @Test
  void diagonalMatrixHasItsDiagonalAsSpectrum() throws Exception {
    double[] values = new double[200 * 200];
    for (int i = 0; i < 200; i++) {
      values[i * 200 + i] = (i % 2 == 0 ? 1 : -1) * (float) Math.pow(0.9, i);
    }
    check(DType.F32, values, 200, 200);
  }

  @Test
  void orthogonalMatrixHasOnlyOnes() throws Exception {
    // a Householder reflection: every singular value is 1, the hardest tie there is
    int n = 192;
    double[] v = gaussian(6, n);
    double square = Arrays.stream(v).map(x -> x * x).sum();
    double[] values = new double[n * n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        values[i * n + j] = (i == j ? 1 : 0) - 2 * v[i] * v[j] / square;
      }
    }
    check(DType.F32, values, n, n);
  }

  @ParameterizedTest
  @CsvSource({"1", "3", "4", "5", "30"})
  void exactLowRankMatricesAreFine(int rank) throws Exception {
    int rows = 220;
    int columns = 180;
    double[] left = gaussian(7, rows * rank);
    double[] right = gaussian(8, rank * columns);
    double[] values = new double[rows * columns];
    for (int i = 0; i < rows; i++) {
      for (int k = 0; k < rank; k++) {
        for (int j = 0; j < columns; j++) {
          values[i * columns + j] += left[i * rank + k] * right[k * columns + j];
        }
      }
    }
    check(DType.F32, values, rows, columns);
    check(DType.F64, values, rows, columns);
  }

  @ParameterizedTest
  @CsvSource({"2", "4", "6", "40"})
  void tiedLargestValuesAreFound(int ties) throws Exception {
    int n = 200;
    double[] values = new double[n * n];
    for (int i = 0; i < n; i++) {
      // a permuted diagonal with the largest value tied
      values[i * n + (i * 7 + 3) % n] = i < ties ? 3 : 1 + i / 200.0;
    }
    check(DType.F32, values, n, n);
  }

  @ParameterizedTest
  @CsvSource({"1e-30", "1e-15", "1e15", "1e30"})
  void verySmallAndVeryLargeWeightsKeepTheirAccuracy(double factor) throws Exception {
    double[] values = gaussian(9, 160 * 140);
    for (int i = 0; i < values.length; i++) {
      values[i] *= factor;
    }
    check(DType.F32, values, 160, 140);
  }

  @ParameterizedTest
  @CsvSource({"NaN, 3, 4", "Infinity, 200, 180", "NaN, 200, 180"})
  void matricesThatAreNotFiniteAreRefusedWithACount(double bad, int rows, int columns)
      throws Exception {
    double[] values = gaussian(10, rows * columns);
    values[rows * columns / 2] = bad;
    try (MemoryCheckpoint checkpoint = new MemoryCheckpoint()) {
      checkpoint.add("w", DType.F32, values, rows, columns);
      try (MatrixSource source = MatrixSource.open(checkpoint, checkpoint.matrix("w"))) {
        String count = Double.isNaN(bad) ? "1 NaN and 0 infinite" : "0 NaN and 1 infinite";
        assertThatThrownBy(() -> engine.norms(source))
            .isInstanceOf(NonFiniteMatrixException.class)
            .hasMessageContaining(count);
        assertThatThrownBy(() -> engine.spectrum(source))
            .isInstanceOf(NonFiniteMatrixException.class)
            .hasMessageContaining(count);
      }
    }
  }

  @Test
  void gramHoldsInnerProductsOfLines() throws Exception {
    double[] values = gaussian(11, 6 * 5);
    try (MemoryCheckpoint checkpoint = new MemoryCheckpoint()) {
      checkpoint.add("w", DType.F32, values, 6, 5);
      try (MatrixSource source = MatrixSource.open(checkpoint, checkpoint.matrix("w"))) {
        double[] rows = engine.gram(source, Orientation.ROWS, 2, 3);
        double[] columns = engine.gram(source, Orientation.COLUMNS, 1, 2);
        double rowDot = 0;
        for (int j = 0; j < 5; j++) {
          rowDot += values[2 * 5 + j] * values[4 * 5 + j];
        }
        double columnDot = 0;
        for (int i = 0; i < 6; i++) {
          columnDot += values[i * 5 + 1] * values[i * 5 + 2];
        }
        assertThat(rows[2]).isCloseTo(rowDot, within(1e-13)).isEqualTo(rows[6]);
        assertThat(columns[1]).isCloseTo(columnDot, within(1e-13)).isEqualTo(columns[2]);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"130, 90, 90, 90", "200, 200, 50, 50", "3, 1, 5, 2", "40, 3, 60, 2"})
  void matricesAndTheirStackHaveTheirOwnSpectra(int columns, int q, int k, int v) throws Exception {
    int rows = q + k + v;
    double[] values = gaussian(15, rows * columns);
    double[] expected = reference(values, rows, columns);
    try (MemoryCheckpoint checkpoint = new MemoryCheckpoint();
        StackedSpectrum stack = engine.stack(columns)) {
      int first = 0;
      for (int part : new int[] {q, k, v}) {
        double[] own = Arrays.copyOfRange(values, first * columns, (first + part) * columns);
        checkpoint.add("from " + first, DType.F32, own, part, columns);
        try (MatrixSource source =
            MatrixSource.open(checkpoint, checkpoint.matrix("from " + first))) {
          assertClose(stack.add(source), reference(own, part, columns), Math.min(part, columns));
        }
        first += part;
      }
      assertClose(stack.whole(), expected, columns);
    }
  }

  private static void assertClose(Spectrum spectrum, double[] expected, int count) {
    assertThat(spectrum.singularValues()).hasSize(count);
    for (int i = 0; i < count; i++) {
      double value = i < expected.length ? expected[i] : 0;
      assertThat(spectrum.singularValues().get(i)).isCloseTo(value, within(3e-7 * expected[0]));
    }
    double bound = spectrum.norms().errorBound() + REFERENCE_NOISE;
    assertThat(spectrum.norms().spectral()).isCloseTo(expected[0], within(expected[0] * bound));
  }

  @Test
  void twoRunsGiveTheSameBits() throws Exception {
    double[] values = gaussian(12, 300 * 200);
    try (MemoryCheckpoint checkpoint = new MemoryCheckpoint()) {
      checkpoint.add("w", DType.F32, values, 300, 200);
      try (MatrixSource source = MatrixSource.open(checkpoint, checkpoint.matrix("w"))) {
        assertThat(engine.norms(source)).isEqualTo(engine.norms(source));
        assertThat(engine.spectrum(source)).isEqualTo(engine.spectrum(source));
      }
    }
  }

  @Test
  void matrixLooksTheSameAfterALargerOne() throws Exception {
    try (MemoryCheckpoint checkpoint = new MemoryCheckpoint()) {
      checkpoint.add("small", DType.F32, gaussian(13, 301 * 150), 301, 150);
      checkpoint.add("large", DType.F32, gaussian(14, 500 * 260), 500, 260);
      try (MatrixSource small = MatrixSource.open(checkpoint, checkpoint.matrix("small"));
          MatrixSource large = MatrixSource.open(checkpoint, checkpoint.matrix("large"))) {
        SpectralNorms alone = engine.norms(small);
        engine.norms(large);
        assertThat(engine.norms(small)).isEqualTo(alone);
      }
    }
  }
}
