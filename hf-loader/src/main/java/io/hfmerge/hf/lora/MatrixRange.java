package io.hfmerge.hf.lora;

import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorCodec;
import io.hfmerge.tensor.TensorSpec;
import java.lang.foreign.MemorySegment;

/** Consecutive elements of a stored tensor seen as a matrix of its first dimension by the rest. */
final class MatrixRange {

  /** Looks at part of a row as f64 numbers and may change them. */
  interface PieceVisitor {

    /**
     * @param row row of the matrix
     * @param column column of the first number
     * @param length how many numbers there are
     * @param values the numbers, from index 0 on
     * @return whether the numbers are written back
     */
    boolean visit(int row, int column, int length, double[] values);
  }

  private final DType dtype;
  private final long columns;
  private final long first;
  private final long end;
  private final MemorySegment bytes;

  /**
   * @param first first element of the tensor that {@code bytes} holds
   * @param bytes whole elements, changed in place
   */
  MatrixRange(TensorSpec spec, long first, MemorySegment bytes) {
    this.dtype = spec.dtype();
    this.columns = spec.elements() == 0 ? 1 : spec.elements() / spec.shape().dimension(0);
    this.first = first;
    this.end = first + bytes.byteSize() / dtype.bytes();
    this.bytes = bytes;
  }

  /**
   * Visits every element once, in columns of at most {@code width}, down the rows of each: what
   * belongs to the columns then stays in the cache.
   */
  void forEachPiece(int width, PieceVisitor visitor) {
    float[] narrow = new float[width];
    double[] values = new double[width];
    long firstRow = first / columns;
    long lastRow = (end - 1) / columns;
    for (long left = 0; left < columns; left += width) {
      long right = Math.min(columns, left + width);
      for (long row = firstRow; row <= lastRow; row++) {
        long from = Math.max(left, row == firstRow ? first - row * columns : 0);
        long to = Math.min(right, row == lastRow ? end - row * columns : columns);
        if (from < to) {
          int length = (int) (to - from);
          long offset = dtype.sizeBytes(row * columns + from - first);
          decode(offset, narrow, values, length);
          if (visitor.visit((int) row, (int) from, length, values)) {
            encode(offset, narrow, values, length);
          }
        }
      }
    }
  }

  /** Through f32, whose conversions are vectorised; F64 straight. */
  private void decode(long offset, float[] narrow, double[] values, int length) {
    if (dtype == DType.F64) {
      TensorCodec.decode(dtype, bytes, offset, values, length);
      return;
    }
    TensorCodec.decode(dtype, bytes, offset, narrow, 0, length);
    for (int i = 0; i < length; i++) {
      values[i] = narrow[i];
    }
  }

  private void encode(long offset, float[] narrow, double[] values, int length) {
    if (dtype == DType.F64) {
      TensorCodec.encode(dtype, values, bytes, offset, length);
      return;
    }
    for (int i = 0; i < length; i++) {
      narrow[i] = (float) values[i];
    }
    TensorCodec.encode(dtype, narrow, bytes, offset, length);
  }
}
