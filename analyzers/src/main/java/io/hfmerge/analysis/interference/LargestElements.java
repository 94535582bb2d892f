package io.hfmerge.analysis.interference;

/**
 * The magnitude that a share of a task vector's elements reach: counts of magnitudes by their first
 * 9 significant bits, in one reading. Zeros are none of the largest. Not thread-safe.
 */
final class LargestElements {

  /** Bits of a float's pattern that are dropped: the sign is none, 8 + 8 bits are left. */
  private static final int DROPPED_BITS = 15;

  private static final int BINS = 1 << (Float.SIZE - 1 - DROPPED_BITS);

  private final int[] counts = new int[BINS];

  /** Counts some elements; a tensor may have 2^31 of one magnitude. */
  void add(double[] values, int count) {
    for (int i = 0; i < count; i++) {
      counts[Float.floatToRawIntBits((float) Math.abs(values[i])) >>> DROPPED_BITS]++;
    }
  }

  /**
   * The largest number of 9 significant bits that at least a share of the elements reach, or the
   * smallest of those that are not zero.
   *
   * @param share above 0, at most 1
   * @param elements number of elements
   */
  float threshold(double share, long elements) {
    double wanted = share * elements;
    long reached = 0;
    int bin = BINS;
    while (bin > 1 && reached < wanted) {
      bin--;
      reached += Integer.toUnsignedLong(counts[bin]);
    }
    return Float.intBitsToFloat(bin << DROPPED_BITS);
  }
}
