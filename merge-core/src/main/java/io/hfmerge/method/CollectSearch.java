package io.hfmerge.method;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Counts the magnitudes above a bracket and collects those within, with their places: the cut is
 * known at the end of the pass.
 *
 * @param low smallest magnitude of the bracket, at least 1
 * @param high largest magnitude of the bracket
 */
record CollectSearch(long rank, long elements, int low, int high) implements RankSearch {

  /** Tensors up to this length are collected as a whole: 32 KiB. */
  static final int ALWAYS_COLLECTED = 4096;

  private static final long SEGMENT = 1L << 18;

  /** Entries that any tensor may have within the bracket: half a mebibyte of them. */
  private static final int FREE_ENTRIES = 1 << 16;

  /** Elements for each entry that longer tensors may have within the bracket. */
  private static final int ELEMENTS_PER_ENTRY = 8;

  /** Columns that a piece is folded into to find the few within the bracket. */
  private static final int COLUMNS = 128;

  static CollectSearch ofAll(long rank, long elements) {
    return new CollectSearch(rank, elements, 1, Integer.MAX_VALUE);
  }

  /** Entries worth collecting; where there are more they are counted in other ways. */
  static long mostCollected(long elements) {
    return Math.max(FREE_ENTRIES, elements / ELEMENTS_PER_ENTRY);
  }

  @Override
  public boolean wants(long firstElement, long endElement) {
    return true;
  }

  @Override
  public long segmentElements() {
    return SEGMENT;
  }

  @Override
  public Partial newPartial() {
    return new Collection();
  }

  /** What a segment holds within the bracket. */
  private static final class Collected {

    /** Row-major index of the segment's first element. */
    private final long firstElement;

    /**
     * Magnitude in the upper, place within the segment in the lower half; places ascend from piece
     * to piece, not within.
     */
    private final long[] entries;

    Collected(long firstElement, long[] entries) {
      this.firstElement = firstElement;
      this.entries = entries;
    }
  }

  private final class Collection implements Partial {

    private final List<Collected> segments = new ArrayList<>();
    private final int[] columns = new int[COLUMNS];
    private long[] entries = new long[COLUMNS];
    private int size;
    private long start = -1;
    private long above;
    private boolean overflow;

    @Override
    public void accept(int[] magnitudes, int length, long firstElement) {
      if (start < 0) {
        start = firstElement;
      }
      above += countAbove(magnitudes, length, high);
      int offset = (int) (firstElement - start);
      int done = 0;
      for (; done + PIECE <= length; done += PIECE) {
        mark(magnitudes, done, low, high, columns);
        for (int column = 0; column < COLUMNS; column++) {
          if (columns[column] < 0) {
            for (int i = done + column; i < done + PIECE; i += COLUMNS) {
              add(magnitudes[i], offset + i);
            }
          }
        }
      }
      for (; done < length; done++) {
        add(magnitudes[done], offset + done);
      }
    }

    private static int countAbove(int[] magnitudes, int length, int limit) {
      int count = 0;
      for (int i = 0; i < length; i++) {
        count += (limit - magnitudes[i]) >>> 31;
      }
      return count;
    }

    /** Sets the sign bit of columns with an entry that is neither below nor above the bracket. */
    private static void mark(int[] magnitudes, int start, int low, int high, int[] columns) {
      Arrays.fill(columns, 0);
      for (int row = start; row < start + PIECE; row += COLUMNS) {
        for (int i = 0; i < COLUMNS; i++) {
          int magnitude = magnitudes[row + i];
          columns[i] |= ~((magnitude - low) | (high - magnitude));
        }
      }
    }

    private void add(int magnitude, int place) {
      if (magnitude < low || magnitude > high) {
        return;
      }
      if (size == entries.length) {
        if (size > mostCollected(place)) {
          overflow = true;
          return;
        }
        entries = Arrays.copyOf(entries, 2 * size);
      }
      entries[size++] = ((long) magnitude << 32) | place;
    }

    private List<Collected> segments() {
      if (size > 0) {
        segments.add(new Collected(start, Arrays.copyOf(entries, size)));
        size = 0;
      }
      return segments;
    }

    @Override
    public void fold(Partial next) {
      Collection other = (Collection) next;
      segments().addAll(other.segments());
      above += other.above;
      overflow |= other.overflow;
    }

    @Override
    public SearchOutcome next() {
      long[] sorted =
          segments().stream().flatMapToLong(segment -> Arrays.stream(segment.entries)).toArray();
      long wanted = rank - above;
      if (overflow || wanted <= 0 || (wanted > sorted.length && low > 1)) {
        return HistogramSearch.ofAll(rank, elements);
      }
      if (wanted >= sorted.length && low == 1) {
        return new SearchOutcome.Found(Cut.ALL);
      }
      Arrays.sort(sorted);
      int threshold = (int) (sorted[(int) (sorted.length - wanted)] >>> 32);
      long larger = 0;
      long equal = 0;
      for (long entry : sorted) {
        larger += (int) (entry >>> 32) > threshold ? 1 : 0;
        equal += (int) (entry >>> 32) == threshold ? 1 : 0;
      }
      long kept = wanted - larger;
      return new SearchOutcome.Found(
          new Cut(threshold, kept == equal ? Long.MAX_VALUE : placeOf(threshold, kept) + 1));
    }

    /** Row-major index of the entry that is the so many-th of those with one magnitude. */
    private long placeOf(int magnitude, long ordinal) {
      long left = ordinal;
      for (Collected segment : segments) {
        int[] places =
            Arrays.stream(segment.entries)
                .filter(entry -> (int) (entry >>> 32) == magnitude)
                .mapToInt(entry -> (int) entry)
                .sorted()
                .toArray();
        if (left <= places.length) {
          return segment.firstElement + places[(int) left - 1];
        }
        left -= places.length;
      }
      throw new IllegalStateException("fewer entries than were counted");
    }
  }
}
