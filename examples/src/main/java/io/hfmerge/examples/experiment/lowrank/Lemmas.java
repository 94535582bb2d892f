package io.hfmerge.examples.experiment.lowrank;

/** How networks of H-homogeneous activations are brought to non-zero stationary points. */
final class Lemmas {

  /** Units of time, in 1/λ, after which what weight decay removes is gone: e^{-10}. */
  private static final double TIMES = 10;

  private Lemmas() {}

  /** Initial gain: squares of small numbers are smaller, so H = 2 begins larger. */
  static double gain(int power) {
    return power == 1 ? Math.sqrt(2) : 2;
  }

  /** Step size: curvature grows with the weights' powers. */
  static double rate(int power) {
    return power == 1 ? 0.5 : 0.1;
  }

  static long steps(int power, double decay) {
    return Math.round(TIMES / decay / rate(power));
  }
}
