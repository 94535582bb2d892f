package io.hfmerge.method;

/**
 * The first so many entries of a tensor in the order of descending magnitude, equal ones in
 * row-major order: all above a threshold, and those equal to it before an index.
 *
 * <p>Magnitudes are compared as the bits of non-negative floats, which order as their values do,
 * NaN above infinity. Zeros are never in: a difference of zero adds nothing to any sum.
 *
 * @param threshold bits of the smallest magnitude that is in, at least 1
 * @param end row-major index from which on entries equal to the threshold are out
 */
record Cut(int threshold, long end) {

  /** No entry. */
  static final Cut NONE = new Cut(Integer.MAX_VALUE, 0);

  /** Every entry but zeros. */
  static final Cut ALL = new Cut(1, Long.MAX_VALUE);

  Cut {
    if (threshold < 1 || end < 0) {
      throw new IllegalArgumentException("cut at " + threshold + ", " + end);
    }
  }

  /** Magnitude bits without the sign. */
  static final int MAGNITUDE = Integer.MAX_VALUE;

  /**
   * Marks the entries of a tile that are in.
   *
   * @param bits bits of floats, whatever their sign
   * @param firstElement row-major index of the first
   * @param in receives 1 or 0
   */
  void mark(int[] bits, int length, long firstElement, int[] in) {
    int until = Math.clamp(end - firstElement, 0, length);
    mark(bits, 0, until, threshold - 1, in);
    mark(bits, until, length, threshold, in);
  }

  /** One where the magnitude is above a limit: the sign bit of the difference. */
  private static void mark(int[] bits, int from, int to, int limit, int[] in) {
    for (int i = from; i < to; i++) {
      in[i] = (limit - (bits[i] & MAGNITUDE)) >>> 31;
    }
  }
}
