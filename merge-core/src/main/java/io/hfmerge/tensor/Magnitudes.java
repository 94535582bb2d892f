package io.hfmerge.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Tells in one vectorised pass whether values stay finite when they are stored. For one thread: the
 * instance owns scratch.
 */
final class Magnitudes {

  private static final int PIECE = 1024;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

  private static final long MAGNITUDES = 0x7fffffff_7fffffffL;
  private static final long SIGNS = 0x80000000_80000000L;
  private static final long SIGN = 0x80000000L;

  private final long[] bits = new long[PIECE / 2];

  /**
   * Whether every value is smaller in magnitude than a limit; NaN is not.
   *
   * @param limit magnitude from which on values are not finite once stored, above zero
   */
  boolean allBelow(float limit, float[] values, int length) {
    // what lifts the limit's bits, and those of anything above, NaN included, to the sign bit
    long lift = SIGN - Float.floatToRawIntBits(limit);
    lift |= lift << 32;
    MemorySegment bytes = MemorySegment.ofArray(values);
    for (int done = 0; done < length; done += PIECE) {
      int pairs = Math.min(PIECE, length - done) / 2;
      MemorySegment.copy(bytes, LONG, 4L * done, bits, 0, pairs);
      if ((lifted(bits, lift, pairs) & SIGNS) != 0) {
        return false;
      }
    }
    return length % 2 == 0 || Math.abs(values[length - 1]) < limit;
  }

  private static long lifted(long[] bits, long lift, int pairs) {
    long any = 0;
    for (int i = 0; i < pairs; i++) {
      any |= (bits[i] & MAGNITUDES) + lift;
    }
    return any;
  }
}
