package io.hfmerge.analysis.spectral;

import static org.bytedeco.openblas.global.openblas.CblasLower;
import static org.bytedeco.openblas.global.openblas.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas.CblasTrans;
import static org.bytedeco.openblas.global.openblas.cblas_daxpy;
import static org.bytedeco.openblas.global.openblas.cblas_dgemm;
import static org.bytedeco.openblas.global.openblas.cblas_dsyrk;
import static org.bytedeco.openblas.global.openblas.cblas_sgemm;

import java.lang.foreign.Arena;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import org.bytedeco.openblas.global.openblas_full;

/**
 * The products that OpenBLAS does, one thread a call: matrices are spread over Java threads
 * instead, which is as fast when there are more matrices than cores, never makes the two pools
 * fight, and keeps the bits the same for every number of threads.
 *
 * <p>Memory comes from arenas rather than JavaCPP's pointers, whose limits count mapped checkpoints
 * as if they were allocated.
 */
public final class Blas {

  /** Doubles that one byte buffer of 2 GiB can hold. */
  static final long MAX_DOUBLES = Integer.MAX_VALUE / Double.BYTES;

  static {
    openblas_full.openblas_set_num_threads(1);
  }

  private Blas() {}

  /** Loads the library, which sets the number of threads. */
  static void useOneThread() {}

  /** Zeroed memory for at most {@link #MAX_DOUBLES}. */
  static DoubleBuffer allocate(Arena arena, long doubles) {
    return arena
        .allocate(Math.max(1, doubles) * Double.BYTES, Long.BYTES * 8L)
        .asByteBuffer()
        .order(ByteOrder.nativeOrder())
        .asDoubleBuffer();
  }

  /** Zeroed memory for at most half a billion floats. */
  static FloatBuffer allocateFloats(Arena arena, int floats) {
    return arena
        .allocate(Math.max(1L, floats) * Float.BYTES, Long.BYTES * 8L)
        .asByteBuffer()
        .order(ByteOrder.nativeOrder())
        .asFloatBuffer();
  }

  /** Adds {@code LᵀL} of {@code count x n} lines to the lower triangle of {@code gram}. */
  static void addGramOfColumns(DoubleBuffer lines, int count, int n, DoubleBuffer gram) {
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, n, count, 1.0, lines, n, 1.0, gram, n);
  }

  /** The same in arrays. */
  public static void addGramOfColumns(double[] lines, int count, int n, double[] gram) {
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, n, count, 1.0, lines, n, 1.0, gram, n);
  }

  /** Adds all numbers of one buffer to those of another. */
  static void add(DoubleBuffer source, DoubleBuffer target) {
    cblas_daxpy(source.capacity(), 1, source, 1, target, 1);
  }

  /** Writes {@code L Lᵀ} of {@code count x length} lines to the lower triangle of {@code gram}. */
  public static void gramOfLines(double[] lines, int count, int length, double[] gram) {
    cblas_dsyrk(
        CblasRowMajor,
        CblasLower,
        CblasNoTrans,
        count,
        length,
        1.0,
        lines,
        length,
        0.0,
        gram,
        count);
  }

  /** {@code c = a b}, or {@code a bᵀ}, of row-major {@code n x n} matrices. */
  static void multiply(double[] a, double[] b, double[] c, int n, boolean transposeB) {
    int right = transposeB ? CblasTrans : CblasNoTrans;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, right, n, n, n, 1.0, a, n, b, n, 0.0, c, n);
  }

  /** {@code c = a bᵀ} of row-major {@code a: m x k} and {@code b: n x k}. */
  public static void multiplyTransposed(double[] a, double[] b, double[] c, int m, int n, int k) {
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1.0, a, k, b, k, 0.0, c, n);
  }

  /** {@code c = aᵀ b} of row-major {@code a: k x m} and {@code b: k x n}. */
  public static void transposedMultiply(double[] a, double[] b, double[] c, int m, int n, int k) {
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, m, n, k, 1.0, a, m, b, n, 0.0, c, n);
  }

  /** {@code c += aᵀ b} of row-major {@code a: k x m} and {@code b: k x n}. */
  public static void addTransposedMultiply(
      double[] a, double[] b, double[] c, int m, int n, int k) {
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, m, n, k, 1.0, a, m, b, n, 1.0, c, n);
  }

  /** {@code c += a b} of row-major {@code a: m x k} and {@code b: k x n}. */
  static void addMultiply(double[] a, double[] b, double[] c, int m, int n, int k) {
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1.0, a, k, b, n, 1.0, c, n);
  }

  /** {@code c = a bᵀ} of row-major {@code a: m x k} and {@code b: n x k}, in f32. */
  static void multiplyTransposed(FloatBuffer a, FloatBuffer b, FloatBuffer c, int m, int n, int k) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1f, a, k, b, k, 0f, c, n);
  }

  /** {@code c += aᵀ b} of row-major {@code a: k x m} and {@code b: k x n}, in f32. */
  static void addTransposedMultiply(
      FloatBuffer a, FloatBuffer b, FloatBuffer c, int m, int n, int k) {
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, m, n, k, 1f, a, m, b, n, 1f, c, n);
  }

  /** {@code c -= a b} of row-major {@code a: m x k} and {@code b: k x n}, in f32. */
  static void subtractMultiply(FloatBuffer a, FloatBuffer b, FloatBuffer c, int m, int n, int k) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, -1f, a, k, b, n, 1f, c, n);
  }
}
