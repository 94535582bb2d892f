package io.hfmerge.analysis.spectral;

import static org.bytedeco.openblas.global.openblas.CblasLeft;
import static org.bytedeco.openblas.global.openblas.CblasLower;
import static org.bytedeco.openblas.global.openblas.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas.CblasNonUnit;
import static org.bytedeco.openblas.global.openblas.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas.CblasTrans;
import static org.bytedeco.openblas.global.openblas.LAPACKE_dpotrf;
import static org.bytedeco.openblas.global.openblas.LAPACK_COL_MAJOR;
import static org.bytedeco.openblas.global.openblas.cblas_daxpy;
import static org.bytedeco.openblas.global.openblas.cblas_dcopy;
import static org.bytedeco.openblas.global.openblas.cblas_ddot;
import static org.bytedeco.openblas.global.openblas.cblas_dgemm;
import static org.bytedeco.openblas.global.openblas.cblas_dtrsm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.DoubleBuffer;

/**
 * An n x n matrix of doubles in native memory, row-major, for products over long lines: arrays
 * would be copied at every call of the library. Lives as long as its arena. Not thread-safe.
 */
public final class SquareMatrix {

  /** Rows and columns of a tile of a transposition: two tiles fit in the L1 cache. */
  private static final int TILE = 32;

  private final int n;
  private final DoubleBuffer values;

  private SquareMatrix(int n, DoubleBuffer values) {
    this.n = n;
    this.values = values;
  }

  static {
    Blas.useOneThread();
  }

  /** Whether a matrix of this size fits in the 2 GiB that a buffer can hold. */
  public static boolean fits(int n) {
    return (long) n * n <= Blas.MAX_DOUBLES;
  }

  /**
   * A matrix of zeros.
   *
   * @param n a size that {@link #fits}
   */
  public static SquareMatrix zero(Arena arena, int n) {
    return new SquareMatrix(n, Blas.allocate(arena, (long) n * n));
  }

  /** Number of rows and of columns. */
  public int size() {
    return n;
  }

  DoubleBuffer values() {
    return values;
  }

  /** Sets all elements to 0. */
  public void clear() {
    MemorySegment.ofBuffer(values).fill((byte) 0);
  }

  /** Takes the elements of another matrix of this size. */
  public void set(SquareMatrix other) {
    cblas_dcopy(n * n, other.values, 1, values, 1);
  }

  /** Adds {@code LᵀL} of the first lines of a panel to the lower triangle. */
  public void addGram(Lines lines, int count) {
    Blas.addGramOfColumns(lines.values(), count, n, values);
  }

  /** Adds {@code AᵀB} of the first lines of two panels. */
  public void addProduct(Lines a, Lines b, int count) {
    cblas_dgemm(
        CblasRowMajor,
        CblasTrans,
        CblasNoTrans,
        n,
        n,
        count,
        1.0,
        a.values(),
        n,
        b.values(),
        n,
        1.0,
        values,
        n);
  }

  /** Adds a multiple of another matrix of this size. */
  public void add(double factor, SquareMatrix other) {
    cblas_daxpy(n * n, factor, other.values, 1, values, 1);
  }

  /** Adds a multiple of the transpose of another matrix of this size, not this one. */
  public void addTransposed(double factor, SquareMatrix other) {
    for (int top = 0; top < n; top += TILE) {
      for (int left = 0; left < n; left += TILE) {
        int right = Math.min(n, left + TILE);
        for (int i = top; i < Math.min(n, top + TILE); i++) {
          for (int j = left; j < right; j++) {
            int at = i * n + j;
            values.put(at, values.get(at) + factor * other.values.get(j * n + i));
          }
        }
      }
    }
  }

  /** Copies the lower triangle to the upper one. */
  public void mirror() {
    for (int top = 0; top < n; top += TILE) {
      for (int left = 0; left <= top; left += TILE) {
        for (int i = top; i < Math.min(n, top + TILE); i++) {
          for (int j = left; j < Math.min(i, left + TILE); j++) {
            values.put(j * n + i, values.get(i * n + j));
          }
        }
      }
    }
  }

  /** The sum of products of elements, {@code ⟨A, B⟩}. */
  public double dot(SquareMatrix other) {
    return cblas_ddot(n * n, values, 1, other.values, 1);
  }

  /**
   * Makes this positive definite matrix its Cholesky factor L, {@code A = L Lᵀ}, in the lower
   * triangle.
   *
   * @return whether that worked: the matrix is positive definite beyond rounding
   */
  public boolean factor() {
    return LAPACKE_dpotrf(LAPACK_COL_MAJOR, (byte) 'U', n, values, n) == 0;
  }

  /** Replaces this matrix B by {@code L⁻¹B}, L being what {@link #factor} made. */
  public void solve(SquareMatrix factor) {
    cblas_dtrsm(
        CblasRowMajor,
        CblasLeft,
        CblasLower,
        CblasNoTrans,
        CblasNonUnit,
        n,
        n,
        1.0,
        factor.values,
        n,
        values,
        n);
  }
}
