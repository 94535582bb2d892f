package io.hfmerge.method;

import io.hfmerge.tensor.DType;
import java.util.Arrays;

/** What a method that has worked out one coefficient for each of several inputs ends in. */
final class LinearCombination {

  /** How far coefficients may be from adding up to 1 that are meant to. */
  private static final double ROUNDING = 1e-15;

  private LinearCombination() {}

  /**
   * The sum of the models times their coefficients or, with an origin, the origin plus the sum of
   * their differences to it.
   *
   * @param models indices of inputs; all inputs in order, where there is no origin
   * @param origin index of an input, or {@link TensorContext#NO_BASE}
   * @param coefficients one for each of {@code models}
   * @param output dtype in which the result is stored
   */
  static TileKernel of(int[] models, int origin, double[] coefficients, DType output) {
    if (origin != TensorContext.NO_BASE) {
      return new DeltaSumKernel(origin, models, coefficients, output);
    }
    boolean mixed =
        Arrays.stream(coefficients).anyMatch(c -> c < 0)
            && Arrays.stream(coefficients).anyMatch(c -> c > 0);
    // only the anchored mean is exact for identical inputs with coefficients of both signs
    return mixed && Math.abs(Arrays.stream(coefficients).sum() - 1) <= ROUNDING
        ? new AnchoredMeanKernel(coefficients, output)
        : new WeightedSumKernel(coefficients, output);
  }
}
