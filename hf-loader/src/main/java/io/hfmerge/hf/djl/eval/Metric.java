package io.hfmerge.hf.djl.eval;

import java.util.stream.IntStream;

/**
 * A number about a model, computed from units that can be drawn again.
 *
 * @param name such as {@code perplexity}
 * @param lowerIsBetter whether less is better
 * @param units how many units (examples, blocks of tokens) there are
 * @param statistic the number, from any units
 */
public record Metric(String name, boolean lowerIsBetter, int units, Statistic statistic) {

  /** A number computed from some of the units. */
  @FunctionalInterface
  public interface Statistic {

    /**
     * Computes.
     *
     * @param sample indices of units; one may occur several times
     */
    double of(int[] sample);
  }

  /** The number, from every unit once. */
  public double value() {
    return statistic.of(IntStream.range(0, units).toArray());
  }
}
