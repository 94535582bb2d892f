package io.hfmerge.method;

/**
 * The softmax of a row in F32, bit for bit as torch's CPU kernel with AVX-512 computes it.
 *
 * <p>{@link ArceeFusionMethod} cuts between nearly equal numbers that are small differences of two
 * such softmaxes: their last bits decide which side a value falls on, and the reference's last bits
 * are these. A correctly rounded softmax is closer to the mathematics but cuts elsewhere.
 *
 * <pre>
 * e_i = exp(x_i - max x)        s_i = e_i (1 / sum e)
 *
 * exp:  Sleef's expf_u10: exp(d) = 2^q exp(d - q ln 2) with q = rint(d / ln 2), ln 2 in two parts, a
 *       polynomial of degree 7 by fused multiply-adds, 0 below -104. Error up to 1 ULP.
 * sum:  16 lanes, lane j over the elements j, j + 16, ...; then lanes 8 apart, 4, 2, 1. A row of
 *       fewer than 16 elements is summed from left to right.
 *
 * Shape:   rows of at least one element; NaN or a positive infinity in a row makes all of it NaN.
 * Source:  Shibata and Petrogalli 2020, SLEEF: A Portable Vectorized Library of C Standard
 *          Mathematical Functions, IEEE TPDS 31(6); torch 2.13 gives the same bits on rows of 1 to
 *          4099 elements. With AVX2 it sums in 8 lanes, and its bits differ.
 * </pre>
 */
final class TorchSoftmax {

  private static final int LANES = 16;

  private static final float ONE_OVER_LN2 = 0x1.715476p0f;
  private static final float LN2_UPPER = 0x1.62e4p-1f;
  private static final float LN2_LOWER = 0x1.7f7d1cp-20f;

  /** Below it, the exponential is 0. */
  private static final float LEAST = -104;

  /** 1.5 2^23: adding and subtracting it rounds to the nearest integer, ties to even. */
  private static final float ROUNDING = 0x1.8p23f;

  private TorchSoftmax() {}

  /**
   * Computes the softmax of one row.
   *
   * @param values hold the row, from the offset on
   * @param offset index of the row's first element
   * @param shares receives the softmax; as long as the row, at least 1
   */
  static void of(float[] values, int offset, float[] shares) {
    float largest = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < shares.length; i++) {
      largest = Math.max(largest, values[offset + i]);
    }
    for (int i = 0; i < shares.length; i++) {
      shares[i] = fraction(values[offset + i] - largest);
    }
    for (int i = 0; i < shares.length; i++) {
      shares[i] = scaled(shares[i], values[offset + i] - largest);
    }
    float inverse = 1 / sum(shares);
    for (int i = 0; i < shares.length; i++) {
      shares[i] *= inverse;
    }
  }

  /** The nearest multiple of ln 2, in its units. */
  private static float exponent(float d) {
    return d * ONE_OVER_LN2 + ROUNDING - ROUNDING;
  }

  /**
   * The exponential without its power of two; apart from that, so that this loop can be vectorised.
   */
  private static float fraction(float d) {
    float q = exponent(d);
    float s = Math.fma(q, -LN2_LOWER, Math.fma(q, -LN2_UPPER, d));
    float u = 0x1.a057b4p-13f;
    u = Math.fma(u, s, 0x1.6d2d92p-10f);
    u = Math.fma(u, s, 0x1.11114cp-7f);
    u = Math.fma(u, s, 0x1.5554f4p-5f);
    u = Math.fma(u, s, 0x1.555556p-3f);
    u = Math.fma(u, s, 0.5f);
    return 1 + Math.fma(s * s, u, s);
  }

  /** Times the power of two, in two steps, as that of a subnormal result is none itself. */
  private static float scaled(float fraction, float d) {
    if (d < LEAST) {
      return 0;
    }
    int q = (int) exponent(d);
    int half = q >> 1;
    return fraction * powerOfTwo(half) * powerOfTwo(q - half);
  }

  private static float powerOfTwo(int exponent) {
    return Float.intBitsToFloat((exponent + Float.MAX_EXPONENT) << 23);
  }

  private static float sum(float[] terms) {
    if (terms.length < LANES) {
      float sum = terms[0];
      for (int i = 1; i < terms.length; i++) {
        sum += terms[i];
      }
      return sum;
    }
    float[] lanes = new float[LANES];
    System.arraycopy(terms, 0, lanes, 0, LANES);
    int at = LANES;
    for (; at + LANES <= terms.length; at += LANES) {
      for (int lane = 0; lane < LANES; lane++) {
        lanes[lane] += terms[at + lane];
      }
    }
    for (int lane = 0; at + lane < terms.length; lane++) {
      lanes[lane] += terms[at + lane];
    }
    for (int apart = LANES / 2; apart > 0; apart /= 2) {
      for (int lane = 0; lane < apart; lane++) {
        lanes[lane] += lanes[lane + apart];
      }
    }
    return lanes[0];
  }
}
