package io.hfmerge.hf.djl.eval;

import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;

/**
 * Percentile bootstrap: units are drawn with replacement, as many as there are. Of two models, both
 * see the same draws, so that what makes a unit hard for both does not widen the interval of their
 * difference (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13).
 *
 * @param resamples number of draws, at least 100
 * @param confidence share of the draws inside an interval, above 0 and below 1
 * @param seed of the draws; with the same seed and units, intervals are the same
 */
public record Bootstrap(int resamples, double confidence, long seed) {

  /** A thousand draws, 95 % intervals. */
  public static final Bootstrap DEFAULT = new Bootstrap(1000, 0.95, 0);

  /** Fewer units say nothing about their own spread. */
  private static final int FEWEST_UNITS = 2;

  private static final int FEWEST_RESAMPLES = 100;

  public Bootstrap {
    if (resamples < FEWEST_RESAMPLES) {
      throw new IllegalArgumentException(
          "resamples: expected at least %d, found %d".formatted(FEWEST_RESAMPLES, resamples));
    }
    if (!(confidence > 0 && confidence < 1)) {
      throw new IllegalArgumentException(
          "confidence: expected a number above 0 and below 1, found " + confidence);
    }
  }

  /** Both ends of an interval. */
  public record Interval(double low, double high) {}

  /** The interval of a number; empty if there are too few units. */
  public Optional<Interval> of(Metric metric) {
    return interval(metric.units(), metric.statistic()::of);
  }

  /**
   * The interval of {@code other − first}; empty if there are too few units.
   *
   * @throws IllegalArgumentException if they do not have the same number of units
   */
  public Optional<Interval> ofDifference(Metric first, Metric other) {
    if (first.units() != other.units()) {
      throw new IllegalArgumentException(
          "%s: expected as many units for both models, found %d and %d"
              .formatted(first.name(), first.units(), other.units()));
    }
    return interval(
        first.units(), sample -> other.statistic().of(sample) - first.statistic().of(sample));
  }

  private Optional<Interval> interval(int units, ToDoubleFunction<int[]> statistic) {
    if (units < FEWEST_UNITS) {
      return Optional.empty();
    }
    SplittableRandom random = new SplittableRandom(seed);
    double[] values = new double[resamples];
    int[] sample = new int[units];
    for (int i = 0; i < resamples; i++) {
      for (int j = 0; j < units; j++) {
        sample[j] = random.nextInt(units);
      }
      values[i] = statistic.applyAsDouble(sample);
    }
    Arrays.sort(values);
    double tail = (1 - confidence) / 2;
    return Optional.of(new Interval(quantile(values, tail), quantile(values, 1 - tail)));
  }

  /** Between the two nearest, linearly. */
  private static double quantile(double[] sorted, double share) {
    double place = share * (sorted.length - 1);
    int below = (int) place;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
  }
}
