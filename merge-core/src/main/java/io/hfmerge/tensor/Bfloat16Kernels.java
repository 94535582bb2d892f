package io.hfmerge.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * bfloat16 to and from {@code float}, at the speed of vectors in plain loops.
 *
 * <p>C2 vectorises neither casts between 16 and 32 bits nor {@code Float.intBitsToFloat}, but casts
 * between {@code int} and {@code long}, shifts and masks. So two codes are read as one {@code int},
 * drawn apart within a {@code long} that holds the bits of two floats, and {@code long[]} becomes
 * {@code float[]} by a copy of bytes; and back. Host order is little-endian, as is the format's.
 *
 * <p>For one thread: the instance owns scratch arrays that stay in its L1 cache.
 */
final class Bfloat16Kernels {

  /** Elements in a go. */
  private static final int PIECE = 1024;

  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

  private static final long LOWER_HEAD = 0xffff0000L;
  private static final long UPPER_HEAD = 0xffff0000_00000000L;

  private static final long MAGNITUDES = 0x7fffffff_7fffffffL;
  private static final long SIGNS = 0x80000000_80000000L;
  private static final long LAST_BITS_KEPT = 0x00000001_00000001L;

  /** Half a step of the last bit kept, less one: what is added before the rest is cut off. */
  private static final long BELOW_HALF = 0x00007fff_00007fffL;

  /** Lifts to the sign bit whatever is rounded to infinity, and NaN. */
  private static final long TO_INFINITY = 0x00808000_00808000L;

  private static final int EXPONENT = 0x7f80;

  private final int[] codes = new int[PIECE / 2];
  private final long[] bits = new long[PIECE / 2];

  /** The value of a code. */
  static float decode(short code) {
    return Float.intBitsToFloat(code << 16);
  }

  /** Rounds once, ties to even; NaN becomes a quiet NaN of its sign. */
  static short encode(float value) {
    int raw = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) ((raw >>> 16) | 0x40);
    }
    return (short) ((raw + 0x7fff + ((raw >>> 16) & 1)) >>> 16);
  }

  /** Decodes {@code length} codes. */
  void decode(
      MemorySegment source, long sourceOffset, float[] target, int targetOffset, int length) {
    MemorySegment values = MemorySegment.ofArray(target);
    for (int done = 0; done < length; done += PIECE) {
      int pairs = Math.min(PIECE, length - done) / 2;
      MemorySegment.copy(source, INT, sourceOffset + 2L * done, codes, 0, pairs);
      widen(codes, bits, pairs);
      MemorySegment.copy(bits, 0, values, LONG, 4L * (targetOffset + done), pairs);
    }
    if (length % 2 != 0) {
      int last = length - 1;
      target[targetOffset + last] = decode(source.get(TensorCodec.SHORT, sourceOffset + 2L * last));
    }
  }

  private static void widen(int[] codes, long[] bits, int pairs) {
    for (int i = 0; i < pairs; i++) {
      long pair = codes[i];
      bits[i] = ((pair << 32) & UPPER_HEAD) | ((pair << 16) & LOWER_HEAD);
    }
  }

  /**
   * Encodes {@code length} values.
   *
   * @return whether every stored value is finite
   */
  boolean encode(float[] source, MemorySegment target, long targetOffset, int length) {
    MemorySegment values = MemorySegment.ofArray(source);
    boolean finite = true;
    for (int done = 0; done < length; done += PIECE) {
      int count = Math.min(PIECE, length - done);
      int pairs = count / 2;
      MemorySegment.copy(values, LONG, 4L * done, bits, 0, pairs);
      boolean pieceFinite = (narrow(bits, codes, pairs) & SIGNS) == 0;
      if (pieceFinite) {
        MemorySegment.copy(codes, 0, target, INT, targetOffset + 2L * done, pairs);
      }
      for (int i = pieceFinite ? 2 * pairs : 0; i < count; i++) {
        short code = encode(source[done + i]);
        pieceFinite &= (code & EXPONENT) != EXPONENT;
        target.set(TensorCodec.SHORT, targetOffset + 2L * (done + i), code);
      }
      finite &= pieceFinite;
    }
    return finite;
  }

  /**
   * Rounds both values of a pair at once. The carry of a finite one stays in its half: beyond the
   * largest magnitude there is infinity's.
   *
   * @return a sign bit set for each half in which a value is or becomes infinite or NaN: the codes
   *     are then not to be used
   */
  private static long narrow(long[] bits, int[] codes, int pairs) {
    long overflows = 0;
    for (int i = 0; i < pairs; i++) {
      long pair = bits[i];
      overflows |= (pair & MAGNITUDES) + TO_INFINITY;
      long rounded = pair + BELOW_HALF + ((pair >>> 16) & LAST_BITS_KEPT);
      codes[i] = (int) (((rounded >>> 16) & 0xffff) | ((rounded >>> 32) & LOWER_HEAD));
    }
    return overflows;
  }
}
