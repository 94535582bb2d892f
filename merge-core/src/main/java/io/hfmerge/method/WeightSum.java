package io.hfmerge.method;

/** The sum of weights that a sum of task vectors is divided by. */
final class WeightSum {

  /** Sum of weights below which mergekit does not divide by it; kept, for equal numbers. */
  static final double VANISHING = 1e-8;

  /** For the report, where the sum vanishes. */
  static final String REMARK = "the weights add up to zero: the task vectors are not normalised";

  private WeightSum() {}

  static boolean vanishes(double[] weights) {
    return Math.abs(sum(weights)) < VANISHING;
  }

  /** The sum of the weights; 1 if it vanishes. */
  static double divisor(double[] weights) {
    return vanishes(weights) ? 1 : sum(weights);
  }

  /** From left to right. */
  private static double sum(double[] weights) {
    double sum = 0;
    for (double weight : weights) {
      sum += weight;
    }
    return sum;
  }
}
