package io.hfmerge.examples.experiment.attention;

import io.hfmerge.examples.experiment.train.Parameters;
import io.hfmerge.examples.experiment.train.Spectra;
import java.util.random.RandomGenerator;

/**
 * A small dense matrix in f64, for checks of inequalities.
 *
 * @param values row-major, not changed
 * @param rows of the matrix
 * @param columns of the matrix
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record SmallMatrix(double[] values, int rows, int columns) {

  static SmallMatrix normal(RandomGenerator random, double deviation, int rows, int columns) {
    return new SmallMatrix(Parameters.normal(random, deviation, rows * columns), rows, columns);
  }

  /** Orthonormal columns by Gram and Schmidt, twice for accuracy; rows ≥ columns. */
  static SmallMatrix orthonormal(RandomGenerator random, int rows, int columns) {
    double[] q = Parameters.normal(random, 1, rows * columns);
    for (int j = 0; j < columns; j++) {
      for (int pass = 0; pass < 2; pass++) {
        for (int k = 0; k < j; k++) {
          double product = 0;
          for (int i = 0; i < rows; i++) {
            product += q[i * columns + j] * q[i * columns + k];
          }
          for (int i = 0; i < rows; i++) {
            q[i * columns + j] -= product * q[i * columns + k];
          }
        }
        double norm = 0;
        for (int i = 0; i < rows; i++) {
          norm += q[i * columns + j] * q[i * columns + j];
        }
        for (int i = 0; i < rows; i++) {
          q[i * columns + j] /= Math.sqrt(norm);
        }
      }
    }
    return new SmallMatrix(q, rows, columns);
  }

  static SmallMatrix diagonal(double[] values) {
    int n = values.length;
    double[] matrix = new double[n * n];
    for (int i = 0; i < n; i++) {
      matrix[i * n + i] = values[i];
    }
    return new SmallMatrix(matrix, n, n);
  }

  SmallMatrix times(SmallMatrix other) {
    if (columns != other.rows) {
      throw new IllegalArgumentException(columns + " columns times " + other.rows + " rows");
    }
    double[] product = new double[rows * other.columns];
    for (int i = 0; i < rows; i++) {
      for (int k = 0; k < columns; k++) {
        double value = values[i * columns + k];
        for (int j = 0; j < other.columns; j++) {
          product[i * other.columns + j] += value * other.values[k * other.columns + j];
        }
      }
    }
    return new SmallMatrix(product, rows, other.columns);
  }

  SmallMatrix transposed() {
    double[] flipped = new double[values.length];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        flipped[j * rows + i] = values[i * columns + j];
      }
    }
    return new SmallMatrix(flipped, columns, rows);
  }

  /** This and a multiple of another. */
  SmallMatrix plus(double factor, SmallMatrix other) {
    double[] sum = values.clone();
    for (int i = 0; i < sum.length; i++) {
      sum[i] += factor * other.values[i];
    }
    return new SmallMatrix(sum, rows, columns);
  }

  double[] spectrum() {
    return Spectra.of(values, rows, columns);
  }

  double nuclear() {
    return Spectra.nuclear(spectrum());
  }

  /** ‖·‖_F². */
  double squares() {
    double sum = 0;
    for (double value : values) {
      sum += value * value;
    }
    return sum;
  }
}
