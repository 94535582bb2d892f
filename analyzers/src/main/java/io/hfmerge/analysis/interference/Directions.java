package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.spectral.Lines;
import io.hfmerge.analysis.spectral.SymmetricEigen;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;

/**
 * Leading singular vectors of all task vectors of a matrix on one side, known by their inner
 * products alone.
 */
final class Directions {

  private final int dimension;
  private final int[] starts;
  private final int total;
  private final double[] products;

  private Directions(int dimension, int[] starts, int total, double[] products) {
    this.dimension = dimension;
    this.starts = starts;
    this.total = total;
    this.products = products;
  }

  /**
   * Takes the inner products.
   *
   * @param dimension length d of the vectors
   * @param vectors of each task, orthonormal; none for a zero task vector
   */
  static Directions of(int dimension, List<Lines> vectors) {
    int tasks = vectors.size();
    int[] starts = new int[tasks + 1];
    for (int t = 0; t < tasks; t++) {
      starts[t + 1] = starts[t] + vectors.get(t).count();
    }
    int total = starts[tasks];
    double[] products = new double[total * total];
    try (Arena arena = Arena.ofConfined()) {
      for (int i = 0; i < tasks; i++) {
        for (int j = 0; j < tasks; j++) {
          double[] block = vectors.get(i).timesTransposed(vectors.get(j), arena).toArray();
          int width = vectors.get(j).count();
          for (int a = 0; a < vectors.get(i).count(); a++) {
            System.arraycopy(
                block, a * width, products, (starts[i] + a) * total + starts[j], width);
          }
        }
      }
    }
    return new Directions(dimension, starts, total, products);
  }

  /** The dimension d of the space. */
  int dimension() {
    return dimension;
  }

  /** Number of vectors of all tasks. */
  int total() {
    return total;
  }

  /** Number k of vectors of a task. */
  int count(int task) {
    return starts[task + 1] - starts[task];
  }

  /** The task that a vector belongs to. */
  int task(int vector) {
    int task = 0;
    while (starts[task + 1] <= vector) {
      task++;
    }
    return task;
  }

  /** Inner product of two of all vectors. */
  double product(int a, int b) {
    return products[a * total + b];
  }

  /**
   * Squared cosines of the principal angles between the spaces of the leading k vectors of two
   * tasks, k the smaller of their counts, ascending: the eigenvalues of {@code CᵀC}, C the inner
   * products.
   */
  double[] squaredCosines(int i, int j) {
    int k = Math.min(count(i), count(j));
    double[] square = new double[k * k];
    for (int a = 0; a < k; a++) {
      for (int b = 0; b < k; b++) {
        double sum = 0;
        for (int c = 0; c < k; c++) {
          sum += product(starts[i] + c, starts[j] + a) * product(starts[i] + c, starts[j] + b);
        }
        square[a * k + b] = sum;
      }
    }
    return Arrays.stream(SymmetricEigen.values(square, k)).map(x -> Math.clamp(x, 0, 1)).toArray();
  }
}
