package io.hfmerge.analysis.matrix;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.arch.WeightMatrix;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.DType;
import java.io.IOException;
import java.util.OptionalDouble;

/**
 * A matrix {@code [out, in]} open for reading in panels of lines: a stored weight matrix, or the
 * difference of two, computed while it is read.
 *
 * <p>Shape: {@code rows x columns}, each below 2^31, the whole of any size. Reading decodes exactly
 * (F64 to {@code float} rounds). Singular values do not care about orientation, so most callers
 * read {@link #longWay()}: lines as short as the matrix allows, transposed in small tiles where the
 * storage runs the other way. NaN and infinities are passed through. Not thread-safe to close; any
 * number of threads may read.
 */
public abstract sealed class MatrixSource implements AutoCloseable
    permits StoredMatrix, MatrixCombination {

  /** Doubles in a panel: 4 MiB. */
  static final int PANEL_DOUBLES = 1 << 19;

  private final WeightMatrix matrix;

  MatrixSource(WeightMatrix matrix) {
    this.matrix = matrix;
  }

  /**
   * Opens a matrix, copying only tensors that the checkpoint cannot map.
   *
   * @throws UnsupportedFeatureException if a side is 2^31 or longer, or a tensor is not of a float
   *     dtype
   * @throws MalformedCheckpointException if a tensor has not the shape that the matrix needs
   * @throws IOException if bytes cannot be read
   */
  public static MatrixSource open(Checkpoint checkpoint, WeightMatrix matrix) throws IOException {
    return StoredMatrix.read(checkpoint, matrix);
  }

  /** What the matrix is; of a combination, its first term. */
  public final WeightMatrix matrix() {
    return matrix;
  }

  /** Number of rows. */
  public final int rows() {
    return (int) matrix.rows();
  }

  /** Number of columns. */
  public final int columns() {
    return (int) matrix.columns();
  }

  /** The smaller of the two sides: the largest possible rank. */
  public final int shortSide() {
    return Math.min(rows(), columns());
  }

  /** The larger of the two sides. */
  public final int longSide() {
    return Math.max(rows(), columns());
  }

  /**
   * The orientation whose lines have length {@link #shortSide()}; of a square matrix the one in
   * which it is stored.
   */
  public abstract Orientation longWay();

  /** The element type; of several blocks or terms the coarsest. */
  public abstract DType dtype();

  /** Whether every element that is stored is exact as {@code float}. */
  public abstract boolean exactAsFloat();

  /** Bound on the relative error of an element read as {@code float}, F64 tensors aside. */
  public abstract double floatError();

  /**
   * Of a difference, the Frobenius norm of what rounding to the stored dtypes may have added to it:
   * elements that are equal in both were not rounded differently and count nothing. Reads all of
   * it. Empty for stored matrices.
   */
  public abstract OptionalDouble roundingFrobenius();

  /**
   * Reads lines; element {@code k} of line {@code first + i} goes to {@code target[i * stride +
   * k]}.
   *
   * @param orientation whether lines are rows or columns
   * @param first first line
   * @param count number of lines
   * @param target holds {@code count * stride} numbers; those between lines are left alone
   * @param stride distance of lines in the target, at least their length
   */
  public abstract void read(
      Orientation orientation, int first, int count, float[] target, int stride);

  /** As {@link #read(Orientation, int, int, float[], int)}, exact for F64 too. */
  public abstract void read(
      Orientation orientation, int first, int count, double[] target, int stride);

  /** Whether all elements, if there are any, are the same finite number. Reads until two differ. */
  public final boolean constant() {
    int length = shortSide();
    if (length == 0) {
      return true;
    }
    int count = Math.clamp(PANEL_DOUBLES / length, 1, longSide());
    double[] panel = new double[count * length];
    double value = Double.NaN;
    for (int first = 0; first < longSide(); first += count) {
      int some = Math.min(count, longSide() - first);
      read(longWay(), first, some, panel, length);
      if (first == 0) {
        value = panel[0];
      }
      for (int i = 0; i < some * length; i++) {
        if (panel[i] != value) {
          return false;
        }
      }
    }
    return Double.isFinite(value);
  }

  @Override
  public abstract void close();
}
