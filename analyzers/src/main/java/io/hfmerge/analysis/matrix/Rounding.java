package io.hfmerge.analysis.matrix;

import io.hfmerge.tensor.DType;

/** What storing a number in a dtype rounds away. */
public final class Rounding {

  private Rounding() {}

  /** Bits of the significand, the hidden one included. */
  public static int significantBits(DType dtype) {
    return switch (dtype) {
      case F64 -> 53;
      case F32 -> 24;
      case F16 -> 11;
      case BF16 -> 8;
      case F8_E4M3, F8_E4M3FNUZ -> 4;
      case F8_E5M2, F8_E5M2FNUZ -> 3;
      default -> throw new IllegalArgumentException(dtype + " elements are not real numbers");
    };
  }

  /**
   * The variance of the rounding error of a stored number: a twelfth of the square of the distance
   * to the next one, as of an error spread evenly. Subnormal numbers of the dtype are taken as
   * normal ones.
   *
   * @param value finite; that of 0 is 0
   */
  public static double variance(double value, int significantBits) {
    long exponent = Double.doubleToRawLongBits(value) & EXPONENT;
    double unit = Double.longBitsToDouble(exponent) * Math.scalb(1.0, 1 - significantBits);
    return unit * unit / 12;
  }

  /** The exponent of a double: with a zero fraction the power of two below the number. */
  private static final long EXPONENT = 0x7ff0_0000_0000_0000L;
}
