package io.hfmerge.analysis.metric;

/**
 * How far numbers lie apart.
 *
 * @param mean their mean
 * @param deviation their population standard deviation, of the same unit
 */
public record Spread(double mean, double deviation) {

  /** Of one number or more; NaN of none. */
  public static Spread of(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    double mean = sum / values.length;
    double squares = 0;
    for (double value : values) {
      squares += (value - mean) * (value - mean);
    }
    return new Spread(mean, Math.sqrt(squares / values.length));
  }
}
