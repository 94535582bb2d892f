package io.hfmerge.method;

import io.hfmerge.error.InvalidRecipeException;

/** The parameter {@code weight} of the models that have a tensor. */
final class Weights {

  /**
   * Weights of opposite sign have cancelled if their sum is this small against the sum of their
   * magnitudes: decimal fractions such as 0.1 + 0.2 - 0.3 leave about 1e-16, and a sum so small
   * would multiply rounding noise, F32's 6e-8 included, into the weights' own size.
   */
  static final double CANCELLED = 1e-8;

  private Weights() {}

  /** As the recipe has them, for each of the models. */
  static double[] of(TensorContext context, int[] models) {
    double[] weights = new double[models.length];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = context.parameters().number("weight", models[i]);
    }
    return weights;
  }

  /**
   * Divided by their sum.
   *
   * @param flag the parameter that asks for it, for the message
   * @throws InvalidRecipeException if they cancel
   */
  static double[] normalized(double[] weights, TensorContext context, String flag) {
    double sum = 0;
    double magnitude = 0;
    for (double weight : weights) {
      sum += weight;
      magnitude += Math.abs(weight);
    }
    if (Math.abs(sum) <= CANCELLED * magnitude) {
      throw new InvalidRecipeException(
          "tensor \""
              + context.output().name()
              + "\": the weights of the models that have it add up to "
              + sum
              + ", so they cannot be normalised; change them or set "
              + flag
              + ": false");
    }
    double[] shares = new double[weights.length];
    for (int i = 0; i < shares.length; i++) {
      shares[i] = weights[i] / sum;
    }
    return shares;
  }
}
