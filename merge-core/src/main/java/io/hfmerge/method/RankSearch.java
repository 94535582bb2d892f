package io.hfmerge.method;

/**
 * One pass on the way to a {@link Cut}: what to look at and what to remember of it. Immutable.
 *
 * <p>Magnitudes are bits of non-negative floats, in pieces of {@link #PIECE} elements that start at
 * multiples of it.
 */
sealed interface RankSearch extends SearchOutcome
    permits SampleSearch, CollectSearch, PointSearch, LocateSearch, HistogramSearch {

  /** Elements that a partial result takes at a time, but for a shorter rest. */
  int PIECE = 1024;

  /** Heap that a partial result takes at most: the entries of a bracket, or a histogram. */
  int MAX_PARTIAL_BYTES = 640 << 10;

  /** What one segment, or several after each other, have shown. */
  interface Partial {

    /** Takes a piece in, at most {@link #PIECE} elements from index 0 on; ascending. */
    void accept(int[] magnitudes, int length, long firstElement);

    /** Takes in what the following segment has shown, a partial result of the same search. */
    void fold(Partial next);

    /** What follows, once all segments are folded in. */
    SearchOutcome next();
  }

  Partial newPartial();

  /** Elements per segment: the partial result is small against it. */
  long segmentElements();

  /**
   * The next element that has to be looked at, as {@link StatisticsPass#firstWanted}; others are
   * ignored if shown.
   */
  default long firstWanted(long element) {
    return element;
  }
}
