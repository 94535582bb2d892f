package io.hfmerge.method;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

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

  /** Entries that are stored together: 8 KiB. */
  private static final int CHUNK_ENTRIES = PIECE;

  /** Entries that are sorted at once; more are first told apart by their upper bits. */
  private static final int SORTED_AT_ONCE = 1 << 12;

  private static final int BUCKET_BITS = 12;

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
  public long segmentElements() {
    return SEGMENT;
  }

  @Override
  public Partial newPartial() {
    return new Collection();
  }

  /** Arrays of one thread, for one piece. */
  private static final class Scratch {

    private static final ThreadLocal<Scratch> OF_THREAD = ThreadLocal.withInitial(Scratch::new);

    private final long[] columns = new long[COLUMNS];
    private final int[] words = new int[WORDS];
    private final int[] filled = new int[WORDS + 1];
    private final int[] hits = new int[PIECE + 1];

    /** Puts the places within the bracket first in {@code hits}; returns how many there are. */
    int find(int[] magnitudes, int length, int low, int high) {
      if (length < PIECE) {
        int found = 0;
        for (int i = 0; i < length; i++) {
          hits[found] = i;
          found += isWithin(magnitudes[i], low, high);
        }
        return found;
      }
      fold(magnitudes, low, high, columns);
      fold(columns, words);
      return places(filled(words, filled));
    }

    /**
     * Vector loops fold four rows of a piece into four bits of each column, and four columns into a
     * word. Columns are of another type than magnitudes and words: where arrays may be the same, C2
     * vectorises only what has the same index.
     */
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

    /** Lists the words that have bits set, without a branch that nothing predicts. */
    private static int filled(int[] words, int[] filled) {
      int count = 0;
      for (int i = 0; i < WORDS; i++) {
        filled[count] = i;
        count += -words[i] >>> 31;
      }
      return count;
    }

    private int places(int filledWords) {
      int found = 0;
      for (int i = 0; i < filledWords; i++) {
        int word = filled[i];
        int bits = words[word];
        do { // most have one
          int bit = Integer.numberOfTrailingZeros(bits);
          hits[found++] = (bit % ROWS) * COLUMNS + (bit / ROWS) * WORDS + word;
          bits &= bits - 1;
        } while (bits != 0);
      }
      return found;
    }

    /** One where a magnitude is neither below nor above the bracket, else zero. */
    private static int isWithin(int magnitude, int low, int high) {
      return ~((magnitude - low) | (high - magnitude)) >>> 31;
    }
  }

  /**
   * What a segment holds within the bracket: magnitudes in the upper, places within the segment in
   * the lower half; places ascend from piece to piece, not within.
   */
  private static final class Collected {

    private final long firstElement;
    private final List<long[]> chunks = new ArrayList<>();
    private int size;

    /**
     * @param firstElement row-major index of the segment's first element
     */
    Collected(long firstElement) {
      this.firstElement = firstElement;
    }

    void add(int[] magnitudes, int[] places, int count, long firstElementOfPiece) {
      int offset = (int) (firstElementOfPiece - firstElement);
      int done = 0;
      while (done < count) {
        int at = size % CHUNK_ENTRIES;
        if (at == 0) {
          chunks.add(new long[CHUNK_ENTRIES]);
        }
        long[] chunk = chunks.getLast();
        int some = Math.min(count - done, CHUNK_ENTRIES - at);
        for (int i = 0; i < some; i++) {
          int place = places[done + i];
          chunk[at + i] = ((long) magnitudes[place] << 32) | (offset + place);
        }
        done += some;
        size += some;
      }
    }

    /** Counts entries by the upper bits of what their magnitudes are above the bracket's least. */
    void count(int low, int shift, int[] counts) {
      for (int i = 0; i < chunks.size(); i++) {
        count(chunks.get(i), used(i), low, shift, counts);
      }
    }

    private static void count(long[] chunk, int used, int low, int shift, int[] counts) {
      for (int i = 0; i < used; i++) {
        counts[((int) (chunk[i] >>> 32) - low) >>> shift]++;
      }
    }

    private int used(int chunk) {
      return Math.min(CHUNK_ENTRIES, size - chunk * CHUNK_ENTRIES);
    }

    /** Adds entries within some magnitudes to others; returns how many there are then. */
    int addTo(int[] magnitudes, long[] places, int count, int least, int largest) {
      int next = count;
      for (int i = 0; i < chunks.size(); i++) {
        next = add(chunks.get(i), used(i), magnitudes, places, next, least, largest);
      }
      return next;
    }

    private int add(
        long[] chunk,
        int used,
        int[] magnitudes,
        long[] places,
        int count,
        int least,
        int largest) {
      int next = count;
      for (int i = 0; i < used; i++) {
        int magnitude = (int) (chunk[i] >>> 32);
        if (magnitude >= least && magnitude <= largest) {
          magnitudes[next] = magnitude;
          places[next++] = firstElement + (int) chunk[i];
        }
      }
      return next;
    }
  }

  private final class Collection implements Partial {

    private final List<Collected> segments = new ArrayList<>();
    private @Nullable Collected segment;
    private long above;
    private boolean overflow;

    @Override
    public void accept(int[] magnitudes, int length, long firstElement) {
      Collected current = segment;
      if (current == null) {
        current = new Collected(firstElement);
        segments.add(current);
        segment = current;
      }
      above += Magnitudes.countAbove(magnitudes, length, high);
      Scratch scratch = Scratch.OF_THREAD.get();
      int found = scratch.find(magnitudes, length, low, high);
      if (current.size + found > mostCollected(firstElement - current.firstElement)) {
        overflow = true;
      } else {
        current.add(magnitudes, scratch.hits, found, firstElement);
      }
    }

    @Override
    public void fold(Partial next) {
      Collection other = (Collection) next;
      segments.addAll(other.segments);
      above += other.above;
      overflow |= other.overflow;
    }

    @Override
    public SearchOutcome next() {
      int size = segments.stream().mapToInt(collected -> collected.size).sum();
      long wanted = rank - above;
      if (overflow || wanted <= 0 || (wanted > size && low > 1)) {
        return HistogramSearch.ofAll(rank, elements);
      }
      return wanted >= size && low == 1
          ? new SearchOutcome.Found(Cut.ALL)
          : new SearchOutcome.Found(
              size <= SORTED_AT_ONCE ? cut(low, high, size, wanted) : cut(wanted));
    }

    /** The cut, by the one bucket of magnitudes that holds it. */
    private Cut cut(long wanted) {
      int bits = Integer.SIZE - Integer.numberOfLeadingZeros(high - low);
      int shift = Math.max(0, bits - BUCKET_BITS);
      int[] counts = new int[1 << BUCKET_BITS];
      for (Collected collected : segments) {
        collected.count(low, shift, counts);
      }
      int bucket = counts.length - 1;
      long left = wanted;
      while (counts[bucket] < left) {
        left -= counts[bucket--];
      }
      int least = low + (bucket << shift);
      int largest = (int) Math.min(high, least + (1L << shift) - 1);
      return cut(least, largest, counts[bucket], left);
    }

    /**
     * The cut after the so many-th largest of the entries within some magnitudes.
     *
     * @param count their number
     * @param wanted at least 1, at most their number
     */
    private Cut cut(int least, int largest, int count, long wanted) {
      int[] magnitudes = new int[count];
      long[] places = new long[count];
      int next = 0;
      for (Collected collected : segments) {
        next = collected.addTo(magnitudes, places, next, least, largest);
      }
      int[] sorted = magnitudes.clone();
      Arrays.sort(sorted);
      int threshold = sorted[(int) (count - wanted)];
      int first = Magnitudes.firstFrom(sorted, threshold);
      int end = Magnitudes.firstAbove(sorted, threshold);
      int kept = (int) wanted - (count - end);
      if (kept == end - first) {
        return new Cut(threshold, Long.MAX_VALUE);
      }
      long[] equal =
          IntStream.range(0, count)
              .filter(i -> magnitudes[i] == threshold)
              .mapToLong(i -> places[i])
              .sorted()
              .toArray();
      return new Cut(threshold, equal[kept - 1] + 1);
    }
  }
}
