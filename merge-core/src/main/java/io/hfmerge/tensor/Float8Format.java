package io.hfmerge.tensor;

/**
 * One of the 8-bit float formats, by a table of its 256 values.
 *
 * <p>Source: OCP "8-bit Floating Point Specification (OFP8)" rev. 1.0, section 5.2, for E4M3 and
 * E5M2; Noune et al. 2022, arXiv:2206.02915, for the FNUZ pair (one NaN at code 0x80, no negative
 * zero, no infinities, exponent bias one larger).
 */
@SuppressWarnings("ImmutableEnumChecker") // the table is filled once and never handed out
enum Float8Format {
  E4M3(4, 3, 7, false, false),
  E5M2(5, 2, 15, true, false),
  E4M3FNUZ(4, 3, 8, false, true),
  E5M2FNUZ(5, 2, 16, false, true);

  private static final int SIGN = 0x80;

  private final double[] values = new double[256];

  /** Code of the largest finite positive value; codes 0 to this one ascend in value. */
  private final int largest;

  private final boolean infinities;
  private final boolean unsignedZero;

  Float8Format(
      int exponentBits, int mantissaBits, int bias, boolean infinities, boolean unsignedZero) {
    this.infinities = infinities;
    this.unsignedZero = unsignedZero;
    int mantissas = 1 << mantissaBits;
    int topExponent = (1 << exponentBits) - 1;
    int lastFinite = 0;
    for (int code = 0; code < SIGN; code++) {
      int exponent = code >> mantissaBits;
      int mantissa = code & (mantissas - 1);
      double value;
      if (infinities && exponent == topExponent) {
        value = mantissa == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
      } else if (!infinities && !unsignedZero && code == SIGN - 1) {
        value = Double.NaN;
      } else if (exponent == 0) {
        value = Math.scalb((double) mantissa, 1 - bias - mantissaBits);
        lastFinite = code;
      } else {
        value = Math.scalb((double) (mantissas + mantissa), exponent - bias - mantissaBits);
        lastFinite = code;
      }
      values[code] = value;
      values[code | SIGN] = -value;
    }
    if (unsignedZero) {
      values[SIGN] = Double.NaN;
    }
    largest = lastFinite;
  }

  static Float8Format of(DType dtype) {
    return switch (dtype) {
      case F8_E4M3 -> E4M3;
      case F8_E5M2 -> E5M2;
      case F8_E4M3FNUZ -> E4M3FNUZ;
      case F8_E5M2FNUZ -> E5M2FNUZ;
      default -> throw new IllegalArgumentException(dtype + " is not an 8-bit float");
    };
  }

  double decode(byte code) {
    return values[code & 0xff];
  }

  byte encode(double value) {
    if (Double.isNaN(value)) {
      return (byte) (unsignedZero ? SIGN : SIGN - 1);
    }
    int sign = Double.doubleToRawLongBits(value) < 0 ? SIGN : 0;
    double magnitude = Math.abs(value);
    int low = 0;
    int high = largest;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (values[middle] <= magnitude) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    int code = low;
    if (code < largest) {
      double below = magnitude - values[code];
      double above = values[code + 1] - magnitude;
      if (above < below || (above == below && (code & 1) == 1)) {
        code++;
      }
    } else if (overflows(magnitude)) {
      if (unsignedZero) {
        return (byte) SIGN;
      }
      return (byte) (sign | (infinities ? largest + 1 : SIGN - 1));
    }
    if (code == 0 && unsignedZero) {
      return 0;
    }
    return (byte) (sign | code);
  }

  /** Whether rounding to nearest even, with exponents unbounded, leaves the finite range. */
  private boolean overflows(double magnitude) {
    double halfStep = (values[largest] - values[largest - 1]) / 2;
    double limit = values[largest] + halfStep;
    // the largest code is odd where a tie would round up to the even one beyond it
    return (largest & 1) == 1 ? magnitude >= limit : magnitude > limit;
  }
}
