package io.hfmerge.analysis.spectral;

import static org.bytedeco.openblas.global.openblas.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas.CblasTrans;
import static org.bytedeco.openblas.global.openblas.cblas_daxpy;
import static org.bytedeco.openblas.global.openblas.cblas_ddot;
import static org.bytedeco.openblas.global.openblas.cblas_dgemm;
import static org.bytedeco.openblas.global.openblas.cblas_dscal;

import java.lang.foreign.Arena;
import java.nio.DoubleBuffer;

/**
 * Lines of one length in native memory, one after another: a panel of a matrix, or vectors. Lives
 * as long as its arena. Not thread-safe.
 */
public final class Lines {

  private final int count;
  private final int length;
  private final DoubleBuffer values;

  private Lines(int count, int length, DoubleBuffer values) {
    this.count = count;
    this.length = length;
    this.values = values;
  }

  static {
    Blas.useOneThread();
  }

  /** Lines of zeros; none may be longer in all than 2 GiB. */
  public static Lines zero(Arena arena, int count, int length) {
    return new Lines(count, length, Blas.allocate(arena, (long) count * length));
  }

  /** Number of lines. */
  public int count() {
    return count;
  }

  /** Their length. */
  public int length() {
    return length;
  }

  DoubleBuffer values() {
    return values;
  }

  /** One element. */
  public double get(int line, int at) {
    return values.get(line * length + at);
  }

  /** Sets the first lines from an array that has them one after another. */
  public void set(double[] source, int some) {
    values.put(0, source, 0, some * length);
  }

  /** Makes the first lines the sum of multiples of those of others. */
  public void setSum(double[] factors, Iterable<Lines> parts, int some) {
    cblas_dscal(some * length, 0, values, 1);
    int part = 0;
    for (Lines lines : parts) {
      double factor = factors[part++];
      if (factor != 0) {
        cblas_daxpy(some * length, factor, lines.values, 1, values, 1);
      }
    }
  }

  /** Multiplies a line by a number. */
  public void scale(int line, double factor) {
    cblas_dscal(length, factor, line(line), 1);
  }

  /** The inner product of one line and one of another. */
  public double dot(int line, Lines other, int otherLine) {
    return cblas_ddot(length, line(line), 1, other.line(otherLine), 1);
  }

  /** Sum of squares of all elements. */
  public double squares() {
    return count == 0 ? 0 : cblas_ddot(count * length, values, 1, values, 1);
  }

  /** {@code A S} of these lines A and a square matrix of their length. */
  public Lines times(SquareMatrix matrix, Arena arena) {
    return product(matrix, CblasNoTrans, arena);
  }

  /** {@code A Sᵀ}. */
  public Lines timesTransposed(SquareMatrix matrix, Arena arena) {
    return product(matrix, CblasTrans, arena);
  }

  private Lines product(SquareMatrix matrix, int transposition, Arena arena) {
    Lines product = zero(arena, count, length);
    if (count > 0) {
      cblas_dgemm(
          CblasRowMajor,
          CblasNoTrans,
          transposition,
          count,
          length,
          length,
          1.0,
          values,
          length,
          matrix.values(),
          length,
          0.0,
          product.values,
          length);
    }
    return product;
  }

  /** {@code A Bᵀ}: the inner products of these lines with others of their length. */
  public Lines timesTransposed(Lines other, Arena arena) {
    Lines product = zero(arena, count, other.count);
    if (count > 0 && other.count > 0) {
      cblas_dgemm(
          CblasRowMajor,
          CblasNoTrans,
          CblasTrans,
          count,
          other.count,
          length,
          1.0,
          values,
          length,
          other.values,
          length,
          0.0,
          product.values,
          other.count);
    }
    return product;
  }

  /**
   * Writes the inner products of these lines with the first of a panel to columns of a target of as
   * many lines: {@code target[:, from..from+some] = A Pᵀ}.
   */
  public void project(Lines panel, int some, Lines target, int from) {
    if (count > 0) {
      cblas_dgemm(
          CblasRowMajor,
          CblasNoTrans,
          CblasTrans,
          count,
          some,
          length,
          1.0,
          values,
          length,
          panel.values,
          length,
          0.0,
          target.values.slice(from, target.values.capacity() - from),
          target.length);
    }
  }

  /** All elements, line by line. */
  public double[] toArray() {
    double[] copy = new double[count * length];
    values.get(0, copy);
    return copy;
  }

  private DoubleBuffer line(int index) {
    return values.slice(index * length, length);
  }
}
