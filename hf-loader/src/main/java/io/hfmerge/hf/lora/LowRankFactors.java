package io.hfmerge.hf.lora;

import java.io.IOException;

/**
 * The update of a stored matrix {@code [rows, columns]} as a product of two small ones, in f64:
 * left {@code [rows, rank]} with the scale in it, right {@code [rank, columns]}. Immutable.
 */
final class LowRankFactors {

  private final int rank;
  private final int columns;
  private final double[] left;
  private final double[] right;

  private LowRankFactors(int rank, int columns, double[] left, double[] right) {
    this.rank = rank;
    this.columns = columns;
    this.left = left;
    this.right = right;
  }

  /**
   * Reads the factors of a module.
   *
   * @param transposed whether the weight is stored as {@code [in, out]}, so that Δᵀ is added
   */
  static LowRankFactors read(Adapter adapter, AdapterModule module, boolean transposed)
      throws IOException {
    double[] a = adapter.values(module.a());
    double[] b = adapter.values(module.b());
    int in = Math.toIntExact(module.in());
    int out = Math.toIntExact(module.out());
    double[] left = transposed ? transpose(a, module.rank(), in) : b;
    double[] right = transposed ? transpose(b, out, module.rank()) : a;
    for (int i = 0; i < left.length; i++) {
      left[i] *= module.scale();
    }
    return new LowRankFactors(module.rank(), transposed ? out : in, left, right);
  }

  private static double[] transpose(double[] matrix, int rows, int columns) {
    double[] result = new double[matrix.length];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        result[j * rows + i] = matrix[i * columns + j];
      }
    }
    return result;
  }

  /** Bytes of memory. */
  long sizeBytes() {
    return (long) Double.BYTES * (left.length + right.length);
  }

  /**
   * Adds a piece of a row of the update.
   *
   * @param target receives element {@code column + i} of the row at {@code i}
   */
  void add(int row, int column, double[] target, int length) {
    int k = 0;
    for (; k + 4 <= rank; k += 4) {
      addFour(row * rank + k, k * columns + column, target, length);
    }
    for (; k < rank; k++) {
      double l = left[row * rank + k];
      int r = k * columns + column;
      for (int i = 0; i < length; i++) {
        target[i] += l * right[r + i];
      }
    }
  }

  /** Four terms at once: a quarter of the traffic of the target. */
  private void addFour(int at, int first, double[] target, int length) {
    double[] values = right;
    double l0 = left[at];
    double l1 = left[at + 1];
    double l2 = left[at + 2];
    double l3 = left[at + 3];
    int r1 = first + columns;
    int r2 = r1 + columns;
    int r3 = r2 + columns;
    for (int i = 0; i < length; i++) {
      target[i] +=
          (l0 * values[first + i] + l1 * values[r1 + i])
              + (l2 * values[r2 + i] + l3 * values[r3 + i]);
    }
  }
}
