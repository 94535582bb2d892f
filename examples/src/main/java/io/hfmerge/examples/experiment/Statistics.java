package io.hfmerge.examples.experiment;

import java.util.List;

/**
 * Mean and standard deviation.
 *
 * @param mean NaN if there are no values
 * @param deviation of the sample (n - 1); 0 for a single value
 * @param count number of values
 */
public record Statistics(double mean, double deviation, int count) {

  /** Of these values, in two passes. */
  public static Statistics of(List<Double> values) {
    double mean = values.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN);
    double squares = 0;
    for (double value : values) {
      squares += (value - mean) * (value - mean);
    }
    return new Statistics(
        mean, values.size() < 2 ? 0 : Math.sqrt(squares / (values.size() - 1)), values.size());
  }

  /** As in {@code 0.123 ± 0.004}. */
  public String text() {
    return count < 2 ? Numbers.brief(mean) : Numbers.brief(mean) + " ± " + Numbers.brief(deviation);
  }

  /**
   * Spearman's rank correlation, ties with their mean rank.
   *
   * @return NaN for fewer than two points, constant values, or values that are NaN
   */
  public static double rankCorrelation(List<Double> x, List<Double> y) {
    if (x.stream().anyMatch(v -> v.isNaN()) || y.stream().anyMatch(v -> v.isNaN())) {
      return Double.NaN;
    }
    double[] a = ranks(x);
    double[] b = ranks(y);
    double mean = (a.length - 1) / 2.0;
    double covariance = 0;
    double varianceA = 0;
    double varianceB = 0;
    for (int i = 0; i < a.length; i++) {
      covariance += (a[i] - mean) * (b[i] - mean);
      varianceA += (a[i] - mean) * (a[i] - mean);
      varianceB += (b[i] - mean) * (b[i] - mean);
    }
    return covariance / Math.sqrt(varianceA * varianceB);
  }

  private static double[] ranks(List<Double> values) {
    double[] ranks = new double[values.size()];
    for (int i = 0; i < ranks.length; i++) {
      for (double other : values) {
        ranks[i] += other < values.get(i) ? 1 : other == values.get(i) ? 0.5 : 0;
      }
      ranks[i] -= 0.5;
    }
    return ranks;
  }

  /**
   * Least squares line through points.
   *
   * @param slope of the line
   * @param fit share of the variance that the line explains, R²
   */
  public record Line(double slope, double fit) {}

  /** Fits a line; both lists have the same length, 2 or more. */
  public static Line line(List<Double> x, List<Double> y) {
    double meanX = of(x).mean();
    double meanY = of(y).mean();
    double xx = 0;
    double xy = 0;
    double yy = 0;
    for (int i = 0; i < x.size(); i++) {
      double dx = x.get(i) - meanX;
      double dy = y.get(i) - meanY;
      xx += dx * dx;
      xy += dx * dy;
      yy += dy * dy;
    }
    return new Line(xy / xx, xy * xy / (xx * yy));
  }
}
