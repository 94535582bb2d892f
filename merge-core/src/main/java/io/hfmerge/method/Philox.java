package io.hfmerge.method;

/**
 * Philox4x32-10: ten rounds of multiplications that turn a counter of 128 bits and a key of 64 into
 * four words of 32 random bits, many counters at once in vectorised loops.
 *
 * <p>Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", SC'11; constants
 * and known answers as in their Random123 library. The same generator as {@code Philox4x32} of
 * cuRAND, PyTorch and TensorFlow.
 *
 * <p>For one thread: the instance owns its arrays. Words are kept in {@code long}, because 32-bit
 * products are 64 bits long.
 */
final class Philox {

  /** Words that one counter gives. */
  static final int WORDS = 4;

  private static final long LOW = 0xffffffffL;
  private static final long MULTIPLIER_0 = 0xD2511F53L;
  private static final long MULTIPLIER_1 = 0xCD9E8D57L;
  private static final long WEYL_0 = 0x9E3779B9L;
  private static final long WEYL_1 = 0xBB67AE85L;
  private static final int ROUNDS = 10;

  private final int counters;
  private final long[][] words;

  /** A generator for this many counters in a go. */
  Philox(int counters) {
    this.counters = counters;
    this.words = new long[WORDS][counters];
  }

  /**
   * Computes the words of consecutive counters.
   *
   * @param key key words 0 (low half) and 1 (high half)
   * @param counterLow counter words 0 and 1 of the first counter; the others count up from it
   * @param counterHigh counter words 2 and 3
   * @return word 0 to 3 of each counter, {@code [word][counter]}, 0 to 2^32 - 1; valid until the
   *     next call
   */
  long[][] words(long key, long counterLow, long counterHigh) {
    long[] c0 = words[0];
    long[] c1 = words[1];
    long[] c2 = words[2];
    long[] c3 = words[3];
    count(c0, c1, c2, c3, counterLow, counterHigh);
    long key0 = key & LOW;
    long key1 = key >>> 32;
    for (int round = 0; round < ROUNDS; round++) {
      round(c0, c1, c2, c3, key0, key1);
      key0 = (key0 + WEYL_0) & LOW;
      key1 = (key1 + WEYL_1) & LOW;
    }
    return words;
  }

  private void count(long[] c0, long[] c1, long[] c2, long[] c3, long low, long high) {
    for (int i = 0; i < counters; i++) {
      long counter = low + i;
      c0[i] = counter & LOW;
      c1[i] = counter >>> 32;
      c2[i] = high & LOW;
      c3[i] = high >>> 32;
    }
  }

  private void round(long[] c0, long[] c1, long[] c2, long[] c3, long key0, long key1) {
    for (int i = 0; i < counters; i++) {
      long product0 = c0[i] * MULTIPLIER_0;
      long product1 = c2[i] * MULTIPLIER_1;
      c0[i] = (product1 >>> 32) ^ c1[i] ^ key0;
      c1[i] = product1 & LOW;
      c2[i] = (product0 >>> 32) ^ c3[i] ^ key1;
      c3[i] = product0 & LOW;
    }
  }
}
