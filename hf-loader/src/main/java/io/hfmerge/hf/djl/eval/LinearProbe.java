package io.hfmerge.hf.djl.eval;

/**
 * Multinomial logistic regression on fixed features: the mean negative log-likelihood plus {@code
 * |W|² / (2 n)} (the default strength of scikit-learn's, C = 1), without a penalty on the bias.
 * Features are standardised by the training rows. The problem is convex: accelerated gradients with
 * restarts go to its one minimum (O'Donoghue and Candès 2015), the same on every machine.
 */
final class LinearProbe {

  private static final int MOST_STEPS = 5000;
  private static final double GRADIENT_TOLERANCE = 1e-5;
  private static final int POWER_STEPS = 50;

  /** The power method approaches the largest eigenvalue from below. */
  private static final double MARGIN = 1.1;

  private final double[] mean;
  private final double[] scale;
  private final double[][] weights;
  private final boolean converged;

  private LinearProbe(double[] mean, double[] scale, double[][] weights, boolean converged) {
    this.mean = mean;
    this.scale = scale;
    this.weights = weights;
    this.converged = converged;
  }

  /**
   * Fits.
   *
   * @param features a row each
   * @param labels class of each row, below {@code classes}
   */
  static LinearProbe fit(float[][] features, int[] labels, int classes) {
    int n = features.length;
    int d = features[0].length;
    double[] mean = new double[d];
    double[] scale = new double[d];
    standards(features, mean, scale);
    double[][] rows = new double[n][];
    for (int i = 0; i < n; i++) {
      rows[i] = standardised(features[i], mean, scale);
    }
    double penalty = 1.0 / n;
    double step = 1 / (0.5 * MARGIN * largestEigenvalue(rows) + penalty);
    double[][] weights = new double[classes][d + 1];
    double[][] previous = new double[classes][d + 1];
    double[][] ahead = new double[classes][d + 1];
    double[][] gradient = new double[classes][d + 1];
    double momentum = 1;
    boolean converged = false;
    for (int t = 0; t < MOST_STEPS && !converged; t++) {
      gradient(rows, labels, ahead, penalty, gradient);
      double largest = 0;
      double uphill = 0;
      for (int c = 0; c < classes; c++) {
        for (int j = 0; j <= d; j++) {
          previous[c][j] = weights[c][j];
          weights[c][j] = ahead[c][j] - step * gradient[c][j];
          largest = Math.max(largest, Math.abs(gradient[c][j]));
          uphill += gradient[c][j] * (weights[c][j] - previous[c][j]);
        }
      }
      converged = largest < GRADIENT_TOLERANCE;
      double next = uphill > 0 ? 1 : (1 + Math.sqrt(1 + 4 * momentum * momentum)) / 2;
      double push = uphill > 0 ? 0 : (momentum - 1) / next;
      momentum = next;
      for (int c = 0; c < classes; c++) {
        for (int j = 0; j <= d; j++) {
          ahead[c][j] = weights[c][j] + push * (weights[c][j] - previous[c][j]);
        }
      }
    }
    return new LinearProbe(mean, scale, weights, converged);
  }

  /** Whether the minimum was reached. */
  boolean converged() {
    return converged;
  }

  /** Logits of the classes. */
  double[] logits(float[] features) {
    double[] row = standardised(features, mean, scale);
    double[] logits = new double[weights.length];
    for (int c = 0; c < logits.length; c++) {
      logits[c] = dot(weights[c], row);
    }
    return logits;
  }

  private static void standards(float[][] features, double[] mean, double[] scale) {
    int n = features.length;
    for (float[] row : features) {
      for (int j = 0; j < mean.length; j++) {
        mean[j] += row[j] / n;
      }
    }
    for (float[] row : features) {
      for (int j = 0; j < mean.length; j++) {
        double off = row[j] - mean[j];
        scale[j] += off * off / n;
      }
    }
    for (int j = 0; j < mean.length; j++) {
      // a feature that never changes tells nothing
      scale[j] = scale[j] > 0 ? 1 / Math.sqrt(scale[j]) : 0;
    }
  }

  /** With a last entry of 1 for the bias. */
  private static double[] standardised(float[] features, double[] mean, double[] scale) {
    double[] row = new double[features.length + 1];
    for (int j = 0; j < features.length; j++) {
      row[j] = (features[j] - mean[j]) * scale[j];
    }
    row[features.length] = 1;
    return row;
  }

  private static void gradient(
      double[][] rows, int[] labels, double[][] weights, double penalty, double[][] gradient) {
    int last = rows[0].length - 1;
    for (int c = 0; c < weights.length; c++) {
      for (int j = 0; j <= last; j++) {
        gradient[c][j] = j == last ? 0 : penalty * weights[c][j];
      }
    }
    double[] logits = new double[weights.length];
    for (int i = 0; i < rows.length; i++) {
      for (int c = 0; c < logits.length; c++) {
        logits[c] = dot(weights[c], rows[i]);
      }
      double total = ClassScores.logSumExp(logits);
      for (int c = 0; c < logits.length; c++) {
        double error = Math.exp(logits[c] - total) - (c == labels[i] ? 1 : 0);
        double share = error / rows.length;
        for (int j = 0; j <= last; j++) {
          gradient[c][j] += share * rows[i][j];
        }
      }
    }
  }

  /** Of {@code XᵀX / n}; half of it bounds the curvature of the softmax loss (Böhning 1992). */
  private static double largestEigenvalue(double[][] rows) {
    int d = rows[0].length;
    double[] vector = new double[d];
    for (int j = 0; j < d; j++) {
      // not orthogonal to anything that matters
      vector[j] = 1 + (j % 7) / 7.0;
    }
    double value = 0;
    for (int t = 0; t < POWER_STEPS; t++) {
      double norm = Math.sqrt(dot(vector, vector));
      double[] next = new double[d];
      for (double[] row : rows) {
        double projected = dot(row, vector) / norm / rows.length;
        for (int j = 0; j < d; j++) {
          next[j] += projected * row[j];
        }
      }
      value = Math.sqrt(dot(next, next));
      vector = next;
    }
    return value;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int j = 0; j < a.length; j++) {
      sum += a[j] * b[j];
    }
    return sum;
  }
}
