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

  /** Room that few segments outgrow. */
  private static final int FIRST_ENTRIES = 1 << 13;

  /** Elements for each entry that longer tensors may have within the bracket. */
  private static final int ELEMENTS_PER_ENTRY = 8;

  private static final int ROWS = 4;
  private static final int COLUMNS = PIECE / ROWS;
  private static final int WORDS = COLUMNS / 4;

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
    private final long[] columns = new long[COLUMNS];
    private final int[] words = new int[WORDS];
    private final int[] hits = new int[PIECE];
    private long[] entries = new long[FIRST_ENTRIES];
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
      int found = find(magnitudes, length);
      if (reserve(found, (int) (firstElement - start))) {
        long offset = firstElement - start;
        for (int i = 0; i < found; i++) {
          entries[size + i] = ((long) magnitudes[hits[i]] << 32) | (offset + hits[i]);
        }
        size += found;
      }
    }

    private static int countAbove(int[] magnitudes, int length, int limit) {
      int count = 0;
      for (int i = 0; i < length; i++) {
        count += (limit - magnitudes[i]) >>> 31;
      }
      return count;
    }

    /**
     * Places within the bracket: vector loops fold four rows of a piece into four bits of each
     * column, and four columns into a word, so that only bits that are set cost time. Columns are
     * of another type than magnitudes and words: where arrays may be the same, C2 vectorises only
     * what has the same index.
     */
    private int find(int[] magnitudes, int length) {
      int found = 0;
      if (length < PIECE) {
        for (int i = 0; i < length; i++) {
          hits[found] = i;
          found += isWithin(magnitudes[i], low, high);
        }
        return found;
      }
      fold(magnitudes, low, high, columns);
      fold(columns, words);
      for (int word = 0; word < WORDS; word++) {
        int bits = words[word];
        while (bits != 0) {
          int bit = Integer.numberOfTrailingZeros(bits);
          hits[found++] = (bit % ROWS) * COLUMNS + (bit / ROWS) * WORDS + word;
          bits &= bits - 1;
        }
      }
      return found;
    }

    private static void fold(int[] magnitudes, int low, int high, long[] columns) {
      for (int i = 0; i < COLUMNS; i++) {
        columns[i] =
            isWithin(magnitudes[i], low, high)
                | isWithin(magnitudes[i + COLUMNS], low, high) << 1
                | isWithin(magnitudes[i + 2 * COLUMNS], low, high) << 2
                | isWithin(magnitudes[i + 3 * COLUMNS], low, high) << 3;
      }
    }

    private static void fold(long[] columns, int[] words) {
      for (int i = 0; i < WORDS; i++) {
        words[i] =
            (int)
                (columns[i]
                    | columns[i + WORDS] << ROWS
                    | columns[i + 2 * WORDS] << (2 * ROWS)
                    | columns[i + 3 * WORDS] << (3 * ROWS));
      }
    }

    /** One where a magnitude is neither below nor above the bracket, else zero. */
    private static int isWithin(int magnitude, int low, int high) {
      return ~((magnitude - low) | (high - magnitude)) >>> 31;
    }

    /** Whether there is room for more entries, of a segment of which so many elements were seen. */
    private boolean reserve(int more, int seen) {
      if (size + more > entries.length) {
        if (size + more > mostCollected(seen)) {
          overflow = true;
          return false;
        }
        entries = Arrays.copyOf(entries, 2 * entries.length);
      }
      return true;
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
      int[] sorted = sortedMagnitudes();
      long wanted = rank - above;
      if (overflow || wanted <= 0 || (wanted > sorted.length && low > 1)) {
        return HistogramSearch.ofAll(rank, elements);
      }
      if (wanted >= sorted.length && low == 1) {
        return new SearchOutcome.Found(Cut.ALL);
      }
      int threshold = sorted[(int) (sorted.length - wanted)];
      int first = Magnitudes.firstFrom(sorted, threshold);
      int end = Magnitudes.firstAbove(sorted, threshold);
      long kept = wanted - (sorted.length - end);
      return new SearchOutcome.Found(
          new Cut(threshold, kept == end - first ? Long.MAX_VALUE : placeOf(threshold, kept) + 1));
    }

    private int[] sortedMagnitudes() {
      int length = segments().stream().mapToInt(segment -> segment.entries.length).sum();
      int[] sorted = new int[length];
      int next = 0;
      for (Collected segment : segments) {
        for (long entry : segment.entries) {
          sorted[next++] = (int) (entry >>> 32);
        }
      }
      Arrays.sort(sorted);
      return sorted;
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
