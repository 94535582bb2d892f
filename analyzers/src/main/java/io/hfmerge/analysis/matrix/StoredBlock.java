package io.hfmerge.analysis.matrix;

import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorCodec;
import java.lang.foreign.MemorySegment;

/**
 * The part of a stored two-dimensional array that makes up some rows of a matrix.
 *
 * @param data all bytes of the tensor
 * @param dtype element type, a float dtype
 * @param transposed whether a row of the matrix is a column of the array
 * @param pitch length of a stored row
 * @param firstRow first row taken, counted along the array's columns if transposed
 * @param rows number of rows of the matrix
 * @param columns length of a row of the matrix
 */
record StoredBlock(
    MemorySegment data,
    DType dtype,
    boolean transposed,
    long pitch,
    long firstRow,
    long rows,
    long columns) {

  /** Stored rows and columns of one tile of a transposing read: its lines fit in the L1 cache. */
  private static final int TILE_ROWS = 16;

  private static final int TILE_COLUMNS = 128;

  /**
   * Reads lines of the block; element {@code k} of line {@code i} goes to {@code target[at + i *
   * stride + k]}.
   *
   * @param orientation whether lines are rows or columns of the matrix
   * @param first first line within the block
   * @param count number of lines
   */
  void read(Orientation orientation, long first, int count, float[] target, int at, int stride) {
    boolean alongStorage = transposed == (orientation == Orientation.COLUMNS);
    long storedRow = transposed ? 0 : firstRow;
    long storedColumn = transposed ? firstRow : 0;
    int length = Math.toIntExact(orientation == Orientation.ROWS ? columns : rows);
    if (alongStorage) {
      for (int i = 0; i < count; i++) {
        long element = (storedRow + first + i) * pitch + storedColumn;
        TensorCodec.decode(dtype, data, element * dtype.bytes(), target, at + i * stride, length);
      }
      return;
    }
    float[] tile = new float[TILE_ROWS * TILE_COLUMNS];
    for (int c = 0; c < count; c += TILE_COLUMNS) {
      int width = Math.min(TILE_COLUMNS, count - c);
      for (int r = 0; r < length; r += TILE_ROWS) {
        int height = Math.min(TILE_ROWS, length - r);
        for (int i = 0; i < height; i++) {
          long element = (storedRow + r + i) * pitch + storedColumn + first + c;
          TensorCodec.decode(dtype, data, element * dtype.bytes(), tile, i * TILE_COLUMNS, width);
        }
        for (int j = 0; j < width; j++) {
          int to = at + (c + j) * stride + r;
          for (int i = 0; i < height; i++) {
            target[to + i] = tile[i * TILE_COLUMNS + j];
          }
        }
      }
    }
  }

  /** The same without rounding F64. */
  void read(Orientation orientation, long first, int count, double[] target, int at, int stride) {
    int length = Math.toIntExact(orientation == Orientation.ROWS ? columns : rows);
    if (dtype == DType.F64) {
      readWide(orientation, first, count, target, at, stride);
      return;
    }
    // every other dtype is exact in f32, for which there are kernels
    float[] narrow = new float[Math.min(count, TILE_COLUMNS) * length];
    for (int c = 0; c < count; c += TILE_COLUMNS) {
      int some = Math.min(TILE_COLUMNS, count - c);
      read(orientation, first + c, some, narrow, 0, length);
      for (int i = 0; i < some; i++) {
        int to = at + (c + i) * stride;
        for (int k = 0; k < length; k++) {
          target[to + k] = narrow[i * length + k];
        }
      }
    }
  }

  private void readWide(
      Orientation orientation, long first, int count, double[] target, int at, int stride) {
    boolean alongStorage = transposed == (orientation == Orientation.COLUMNS);
    long storedRow = transposed ? 0 : firstRow;
    long storedColumn = transposed ? firstRow : 0;
    int length = Math.toIntExact(orientation == Orientation.ROWS ? columns : rows);
    if (alongStorage) {
      double[] line = new double[length];
      for (int i = 0; i < count; i++) {
        long element = (storedRow + first + i) * pitch + storedColumn;
        TensorCodec.decode(dtype, data, element * dtype.bytes(), line, length);
        System.arraycopy(line, 0, target, at + i * stride, length);
      }
      return;
    }
    double[] tile = new double[TILE_ROWS * TILE_COLUMNS];
    double[] line = new double[TILE_COLUMNS];
    for (int c = 0; c < count; c += TILE_COLUMNS) {
      int width = Math.min(TILE_COLUMNS, count - c);
      for (int r = 0; r < length; r += TILE_ROWS) {
        int height = Math.min(TILE_ROWS, length - r);
        for (int i = 0; i < height; i++) {
          long element = (storedRow + r + i) * pitch + storedColumn + first + c;
          TensorCodec.decode(dtype, data, element * dtype.bytes(), line, width);
          System.arraycopy(line, 0, tile, i * TILE_COLUMNS, width);
        }
        for (int j = 0; j < width; j++) {
          int to = at + (c + j) * stride + r;
          for (int i = 0; i < height; i++) {
            target[to + i] = tile[i * TILE_COLUMNS + j];
          }
        }
      }
    }
  }
}
