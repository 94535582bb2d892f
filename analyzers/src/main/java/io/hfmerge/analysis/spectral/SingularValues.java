package io.hfmerge.analysis.spectral;

import static org.bytedeco.openblas.global.openblas.LAPACKE_dgesdd;
import static org.bytedeco.openblas.global.openblas.LAPACK_COL_MAJOR;

import java.util.Arrays;

/**
 * Singular values of a matrix in memory by LAPACK's {@code dgesdd}, one thread a call. Unlike those
 * from a Gram matrix they are right to a small multiple of {@code n u σ₁} each, so that values far
 * below 1e-8 of the largest are not noise.
 */
public final class SingularValues {

  private static final byte VALUES_ONLY = 'N';

  static {
    Blas.useOneThread();
  }

  private SingularValues() {}

  /**
   * All singular values, f64.
   *
   * @param matrix row-major, {@code rows x columns}, left as it is
   * @return descending, {@code min(rows, columns)} of them
   * @throws IllegalArgumentException if the array has another length
   * @throws ArithmeticException if an element is NaN or infinite
   */
  public static double[] of(double[] matrix, int rows, int columns) {
    if (matrix.length != Math.multiplyExact(rows, columns)) {
      throw new IllegalArgumentException(
          "expected %d x %d = %d elements, found %d"
              .formatted(rows, columns, (long) rows * columns, matrix.length));
    }
    if (!Double.isFinite(GramSpectrum.sumOfSquares(matrix, matrix.length))) {
      throw new ArithmeticException("NaN or infinity");
    }
    int count = Math.min(rows, columns);
    double[] values = new double[count];
    if (count == 0) {
      return values;
    }
    double[] copy = Arrays.copyOf(matrix, matrix.length);
    // row-major rows x columns is column-major columns x rows: the transpose, with the same values
    int info =
        LAPACKE_dgesdd(
            LAPACK_COL_MAJOR,
            VALUES_ONLY,
            columns,
            rows,
            copy,
            columns,
            values,
            new double[1],
            columns,
            new double[1],
            rows);
    if (info != 0) {
      throw new IllegalStateException("LAPACK dgesdd failed with code " + info);
    }
    return values;
  }
}
