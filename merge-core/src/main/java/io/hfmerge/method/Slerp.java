package io.hfmerge.method;

import io.hfmerge.tensor.DType;

/**
 * Coefficients of spherical interpolation.
 *
 * <p>{@code sin((1-t)th)/sin th} and {@code sin(t th)/sin th} are analytic functions of {@code cos
 * th} but at {@code th = pi}: near {@code th = 0} an error of the cosine leads to one of the same
 * size in the coefficients, although the angle itself is then worth half the digits. So the cosine
 * of F64 sums is all that is needed for parallel vectors; near opposite ones the formula divides by
 * a vanishing sine, which no way of computing the angle changes.
 *
 * @param first coefficient of the first vector
 * @param second coefficient of the second vector
 */
record Slerp(double first, double second) {

  /** For the report. */
  static final String OPPOSITE = "the vectors point in opposite directions; interpolated straight";

  /** For the report. */
  static final String ZERO = "one of the vectors is zero; it counts as orthogonal to the other";

  /** Straight interpolation. */
  static Slerp linear(double t) {
    return new Slerp(1 - t, t);
  }

  /**
   * Along the great circle, straight where the sine of the angle is below {@code leastSine}.
   *
   * @param t 0 for the first vector, 1 for the second; may lie outside
   * @param cosine of the angle between the vectors, in [-1, 1]
   */
  static Slerp along(double t, double cosine, double leastSine) {
    double angle = Math.acos(cosine);
    double sine = Math.sin(angle);
    return sine < leastSine
        ? linear(t)
        : new Slerp(Math.sin((1 - t) * angle) / sine, Math.sin(t * angle) / sine);
  }

  /** The combination of two inputs or, with an origin, of their differences to it. */
  TileKernel kernel(int[] models, int origin, DType output) {
    return LinearCombination.of(models, origin, new double[] {first, second}, output);
  }
}
