package io.hfmerge.hf.hub;

/**
 * How far ahead to fetch in one file: nothing at first, twice as far each time that reading goes on
 * behind what was read, nothing again after a jump. Not thread-safe.
 */
final class ReadAhead {

  private final int most;
  private long furthest = Long.MIN_VALUE;
  private int window;

  /**
   * @param most chunks ahead
   */
  ReadAhead(int most) {
    this.most = most;
  }

  /**
   * A chunk is read.
   *
   * @return the last chunk to fetch now; the chunk itself if none is to be fetched ahead
   */
  long until(long chunk) {
    if (chunk > furthest) {
      boolean onward = furthest != Long.MIN_VALUE && chunk - furthest <= Math.max(1, window);
      window = onward ? Math.min(most, Math.max(1, 2 * window)) : 0;
      furthest = chunk;
    } else if (chunk < furthest - most) {
      // back to an earlier tensor
      window = 0;
      furthest = chunk;
    }
    return furthest + window;
  }
}
