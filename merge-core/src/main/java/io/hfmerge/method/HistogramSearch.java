package io.hfmerge.method;

/**
 * Counts magnitudes by half of their bits: first by the upper 16, then, within the bin that holds
 * the rank, by the lower 16. Finds the threshold whatever the values are, in two passes.
 *
 * @param bin upper bits of the magnitudes counted by their lower bits, or {@link #ALL_BINS}
 */
record HistogramSearch(long rank, long elements, int bin) implements RankSearch {

  private static final int ALL_BINS = -1;
  private static final int LOWER_BITS = 16;
  private static final int BINS = 1 << LOWER_BITS;

  /** Long against the histogram's 256 KiB, which are folded once per segment. */
  private static final long SEGMENT = 1L << 22;

  static HistogramSearch ofAll(long rank, long elements) {
    return new HistogramSearch(rank, elements, ALL_BINS);
  }

  @Override
  public long segmentElements() {
    return SEGMENT;
  }

  @Override
  public Partial newPartial() {
    return new Histogram();
  }

  private final class Histogram implements Partial {

    private long[] counts = new long[0];
    private int[] segment = new int[BINS];
    private long above;

    @Override
    public void accept(int[] magnitudes, int length, long firstElement) {
      if (bin == ALL_BINS) {
        for (int i = 0; i < length; i++) {
          segment[magnitudes[i] >>> LOWER_BITS]++;
        }
        return;
      }
      for (int i = 0; i < length; i++) {
        int upper = magnitudes[i] >>> LOWER_BITS;
        if (upper == bin) {
          segment[magnitudes[i] & (BINS - 1)]++;
        } else if (upper > bin) {
          above++;
        }
      }
    }

    /** Counts of all segments so far. */
    private long[] counts() {
      if (counts.length == 0) {
        counts = new long[BINS];
        for (int i = 0; i < BINS; i++) {
          counts[i] = segment[i];
        }
        segment = new int[0];
      }
      return counts;
    }

    @Override
    public void fold(Partial next) {
      Histogram other = (Histogram) next;
      long[] sums = counts();
      long[] others = other.counts();
      for (int i = 0; i < BINS; i++) {
        sums[i] += others[i];
      }
      above += other.above;
    }

    @Override
    public SearchOutcome next() {
      long[] sums = counts();
      long left = rank - above;
      int at = BINS - 1;
      while (at > 0 && sums[at] < left) {
        left -= sums[at--];
      }
      if (bin == ALL_BINS) {
        return new HistogramSearch(rank, elements, at);
      }
      int threshold = (bin << LOWER_BITS) | at;
      if (threshold == 0) {
        return new SearchOutcome.Found(Cut.ALL);
      }
      return left == sums[at]
          ? new SearchOutcome.Found(new Cut(threshold, Long.MAX_VALUE))
          : new PointSearch(rank, elements, threshold);
    }
  }
}
