package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.spectral.Blas;
import io.hfmerge.analysis.spectral.GramSpectrum;
import io.hfmerge.analysis.spectral.SymmetricEigen;
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
   * @param vectors of each task, orthonormal, one row of {@code dimension} each; empty for a zero
   *     task vector
   */
  static Directions of(int dimension, List<double[]> vectors) {
    int[] starts = new int[vectors.size() + 1];
    for (int t = 0; t < vectors.size(); t++) {
      starts[t + 1] = starts[t] + (dimension == 0 ? 0 : vectors.get(t).length / dimension);
    }
    int total = starts[vectors.size()];
    double[] all = new double[total * dimension];
    for (int t = 0; t < vectors.size(); t++) {
      System.arraycopy(vectors.get(t), 0, all, starts[t] * dimension, vectors.get(t).length);
    }
    double[] products = new double[total * total];
    if (total > 0) {
      Blas.gramOfLines(all, total, dimension, products);
      GramSpectrum.mirror(products, total);
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
