package io.hfmerge.method;

/** Who agrees with an elected sign, by bits of integers so that no loop branches. */
final class Election {

  private Election() {}

  /**
   * Unmarks entries whose voice has not the elected sign, and zeros, which have no voice.
   *
   * @param marks 1 or 0, in and out
   * @param bits bits of the differences
   * @param sign sign bit of the factor they have in the vote
   * @param elected bits of the sums of votes
   */
  static void agree(int[] marks, int[] bits, int sign, int[] elected, int length) {
    for (int i = 0; i < length; i++) {
      int disagrees = (bits[i] ^ sign ^ elected[i]) >>> 31;
      int voiced = -(bits[i] & Cut.MAGNITUDE) >>> 31;
      marks[i] &= voiced & ~disagrees;
    }
  }

  /** Sign bit of a factor. */
  static int sign(double factor) {
    return factor < 0 ? Integer.MIN_VALUE : 0;
  }
}
