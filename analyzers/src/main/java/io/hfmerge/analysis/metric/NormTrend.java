package io.hfmerge.analysis.metric;

import java.util.Arrays;
import java.util.OptionalDouble;

/**
 * A straight line through the norms of a role against the layer, and how far each lies from it.
 *
 * <p>The slope is the median of the slopes of all pairs and the intercept the median of what is
 * left (Theil 1950, Sen 1968), so that the few layers which do not fit, the first and the last as a
 * rule, do not turn the line.
 *
 * @param intercept value of the line at layer 0
 * @param slope change per layer
 * @param deviation the median absolute residual times 1.4826, which estimates a standard deviation
 */
public record NormTrend(double intercept, double slope, double deviation) {

  /** Layers below which no line is drawn: through three points nothing stands out. */
  static final int LEAST_LAYERS = 5;

  /** Residuals beyond so many deviations stand out (Iglewicz and Hoaglin 1993). */
  public static final double OUTLIER = 3.5;

  /** From the median absolute residual to the standard deviation of a normal distribution. */
  private static final double NORMAL = 1.4826;

  /** Residuals below this share of the line are nothing, however regular the others are. */
  private static final double NEGLIGIBLE = 0.01;

  /**
   * Fits the line.
   *
   * @param layers distinct layer numbers
   * @param norms norms of these layers, finite
   */
  static NormTrend fit(int[] layers, double[] norms) {
    int count = norms.length;
    double[] slopes = new double[count * (count - 1) / 2];
    int next = 0;
    for (int i = 0; i < count; i++) {
      for (int j = 0; j < i; j++) {
        slopes[next++] = (norms[i] - norms[j]) / (layers[i] - layers[j]);
      }
    }
    double slope = median(slopes);
    double[] rest = new double[count];
    for (int i = 0; i < count; i++) {
      rest[i] = norms[i] - slope * layers[i];
    }
    double intercept = median(rest);
    for (int i = 0; i < count; i++) {
      rest[i] = Math.abs(rest[i] - intercept);
    }
    return new NormTrend(intercept, slope, NORMAL * median(rest));
  }

  /** The line's value at a layer. */
  public double at(int layer) {
    return intercept + slope * layer;
  }

  /**
   * How many deviations a norm is from the line, with its sign; empty if it does not stand out.
   * Infinite where all others lie on the line.
   */
  OptionalDouble outlier(int layer, double norm) {
    double residual = norm - at(layer);
    if (Math.abs(residual) <= NEGLIGIBLE * Math.abs(at(layer))
        || Math.abs(residual) <= OUTLIER * deviation) {
      return OptionalDouble.empty();
    }
    return OptionalDouble.of(residual / deviation);
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int half = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }
}
