package io.hfmerge.analysis.spectral;

import static org.bytedeco.openblas.global.openblas.LAPACKE_dsyevd;
import static org.bytedeco.openblas.global.openblas.LAPACKE_dsyevd_2stage;
import static org.bytedeco.openblas.global.openblas.LAPACKE_dsyevr;
import static org.bytedeco.openblas.global.openblas.LAPACK_COL_MAJOR;

import java.lang.foreign.Arena;
import java.nio.DoubleBuffer;
import java.util.Arrays;

/**
 * Eigenvalues and eigenvectors of real symmetric matrices in f64 by LAPACK, one thread a call, so
 * that results depend neither on the number of threads nor on what runs beside them.
 *
 * <p>Matrices are row-major, {@code n x n}; only the lower triangle is read. Not defined for NaN:
 * callers check. Backward stable: the eigenvalues are those of a matrix within a small multiple of
 * {@code n u} of the given one, relative to its norm.
 */
public final class SymmetricEigen {

  private static final byte VALUES_ONLY = 'N';
  private static final byte VECTORS = 'V';
  private static final byte BY_INDEX = 'I';

  /** Column-major's upper triangle is row-major's lower one. */
  private static final byte UPPER = 'U';

  /**
   * From this size on the two-stage reduction of OpenBLAS, whose first stage is matrix products, is
   * faster than the one-stage reduction, which waits for memory: 1.4 times at 1024, while it takes
   * 1.3 times as long at 768 and 1.7 times at 512 (both cores at work).
   */
  private static final int TWO_STAGE_FROM = 960;

  static {
    Blas.useOneThread();
  }

  private SymmetricEigen() {}

  /**
   * Eigenvalues with orthonormal eigenvectors.
   *
   * @param values ascending
   * @param vectors row {@code i} belongs to {@code values[i]}
   */
  @SuppressWarnings("ArrayRecordComponent") // a result handed on at once, never compared
  public record Pairs(double[] values, double[] vectors) {}

  /** Eigenvalues, ascending. The matrix is left as it is. */
  public static double[] values(double[] matrix, int n) {
    if (n == 0) {
      return new double[0];
    }
    double[] values = new double[n];
    double[] copy = Arrays.copyOf(matrix, n * n);
    check("dsyevd", LAPACKE_dsyevd(LAPACK_COL_MAJOR, VALUES_ONLY, UPPER, n, copy, n, values));
    return values;
  }

  /** Eigenvalues, ascending, of a matrix in native memory, which is overwritten. */
  static double[] valuesInPlace(DoubleBuffer matrix, int n) {
    double[] values = new double[n];
    try (Arena arena = Arena.ofConfined()) {
      DoubleBuffer result = Blas.allocate(arena, n);
      if (n >= TWO_STAGE_FROM) {
        check(
            "dsyevd_2stage",
            LAPACKE_dsyevd_2stage(LAPACK_COL_MAJOR, VALUES_ONLY, UPPER, n, matrix, n, result));
      } else {
        check("dsyevd", LAPACKE_dsyevd(LAPACK_COL_MAJOR, VALUES_ONLY, UPPER, n, matrix, n, result));
      }
      result.get(0, values);
    }
    return values;
  }

  /** All eigenpairs. The matrix is left as it is. */
  public static Pairs pairs(double[] matrix, int n) {
    double[] values = new double[n];
    double[] vectors = Arrays.copyOf(matrix, n * n);
    if (n == 0) {
      return new Pairs(values, vectors);
    }
    check("dsyevd", LAPACKE_dsyevd(LAPACK_COL_MAJOR, VECTORS, UPPER, n, vectors, n, values));
    return new Pairs(values, vectors);
  }

  /** The {@code count} largest eigenpairs. The matrix is left as it is. */
  public static Pairs largest(double[] matrix, int n, int count) {
    double[] copy = Arrays.copyOf(matrix, n * n);
    double[] values = new double[n];
    double[] vectors = new double[count * n];
    int[] found = new int[1];
    check(
        "dsyevr",
        LAPACKE_dsyevr(
            LAPACK_COL_MAJOR,
            VECTORS,
            BY_INDEX,
            UPPER,
            n,
            copy,
            n,
            0,
            0,
            n - count + 1,
            n,
            0,
            found,
            values,
            vectors,
            n,
            new int[2 * count]));
    return new Pairs(Arrays.copyOf(values, count), vectors);
  }

  private static void check(String routine, int info) {
    if (info != 0) {
      throw new IllegalStateException("LAPACK " + routine + " failed with code " + info);
    }
  }
}
