package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.spectral.Blas;
import io.hfmerge.hf.djl.activation.Rows;

/**
 * States of one model after one layer at n tokens, centred, as their Gram matrix {@code X Xᵀ}, n x
 * n in F64: what linear CKA needs, whatever the width.
 */
final class StateSimilarity {

  private final double[] gram;
  private final double norm;
  private final double variance;
  private final int tokens;
  private final int width;

  /**
   * @param states a row for each token
   */
  StateSimilarity(Rows states) {
    this.tokens = states.rows();
    this.width = states.columns();
    double[] centred = states.toDoubles();
    centre(centred, tokens, width);
    this.gram = new double[tokens * tokens];
    Blas.gramOfLines(centred, tokens, width, gram);
    this.norm = Math.sqrt(product(gram, gram, tokens));
    double trace = 0;
    for (int i = 0; i < tokens; i++) {
      trace += gram[i * tokens + i];
    }
    this.variance = trace;
  }

  private static void centre(double[] values, int rows, int columns) {
    double[] mean = new double[columns];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        mean[j] += values[i * columns + j];
      }
    }
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        values[i * columns + j] -= mean[j] / rows;
      }
    }
  }

  /** Of symmetric matrices whose lower triangles are filled. */
  private static double product(double[] a, double[] b, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) {
      double row = 0;
      for (int j = 0; j < i; j++) {
        row += a[i * n + j] * b[i * n + j];
      }
      sum += 2 * row + a[i * n + i] * b[i * n + i];
    }
    return sum;
  }

  /** Linear CKA, 0 to 1; NaN if one has no variance. */
  double cka(StateSimilarity other) {
    return Math.min(1, product(gram, other.gram, tokens) / (norm * other.norm));
  }

  /**
   * CKA of unrelated isotropic states, in expectation of numerator and denominator: with m = n − 1
   * degrees of freedom {@code d/(m + d + 1)}.
   */
  double chance() {
    return (double) width / (tokens + width);
  }

  /** This total variance over another's. */
  double varianceOver(StateSimilarity other) {
    return variance / other.variance;
  }

  /** Mean absolute difference. */
  static double bias(Rows a, Rows b) {
    double[] first = a.toDoubles();
    double[] second = b.toDoubles();
    double sum = 0;
    for (int i = 0; i < first.length; i++) {
      sum += Math.abs(first[i] - second[i]);
    }
    return sum / first.length;
  }

  /** {@code ⟨XᵀX, YᵀY⟩/(‖XᵀX‖ ‖YᵀY‖)}, not centred; NaN if one is zero. */
  static double gramOverlap(Rows x, Rows y) {
    return crossEnergy(x, y) / Math.sqrt(crossEnergy(x, x) * crossEnergy(y, y));
  }

  /** {@code ‖X Yᵀ‖_F² = ⟨XᵀX, YᵀY⟩}. */
  private static double crossEnergy(Rows x, Rows y) {
    double[] products = new double[x.rows() * y.rows()];
    Blas.multiplyTransposed(
        x.toDoubles(), y.toDoubles(), products, x.rows(), y.rows(), x.columns());
    double sum = 0;
    for (double value : products) {
      sum += value * value;
    }
    return sum;
  }

  /** The overlap of isotropic Gaussian inputs, in expectation of numerator and denominator. */
  static double gramChance(Rows x, Rows y) {
    double d = x.columns() + 1;
    return Math.sqrt(x.rows() / (x.rows() + d) * (y.rows() / (y.rows() + d)));
  }
}
