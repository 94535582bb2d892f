package io.hfmerge.method;

import io.hfmerge.tensor.DType;
import java.util.Arrays;

/** When a sum of few products may be F32, three times as fast as F64. */
final class SumPrecision {

  /**
   * Largest coefficient of sums in F32: larger ones stand before vectors that nearly cancel, and
   * the rounding of their terms is not far below that of the result.
   */
  private static final double MODERATE = 4;

  private SumPrecision() {}

  /**
   * Whether the error of a sum in F32, some 2^-23 of its largest term, is far below the 2^-9 of the
   * rounding that follows.
   *
   * @param output dtype in which the result is stored
   * @param coefficients factors of the terms
   */
  static boolean allowsFloat(DType output, double... coefficients) {
    return output.bits() <= 16
        && Arrays.stream(coefficients).allMatch(c -> Math.abs(c) <= MODERATE);
  }
}
