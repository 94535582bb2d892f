package io.hfmerge.method;

/**
 * Comparisons as numbers, for loops without branches: C2 vectorises minimum and maximum, not {@code
 * Math.signum} nor conditional expressions.
 */
final class Steps {

  /**
   * Lifts every difference of two F32 numbers, 2^-149 and more, above 1; what overflows is
   * infinite, which is cut off at 1.
   */
  private static final double LIFT = 0x1p1000;

  private Steps() {}

  /** 1 where x is above 0, else 0; NaN for NaN. */
  static double positive(double x) {
    return Math.min(1, Math.max(0, x * LIFT));
  }

  /** 1 where x is above 0, -1 below, 0 at 0; NaN for NaN. */
  static double sign(double x) {
    return Math.min(1, Math.max(-1, x * LIFT));
  }
}
