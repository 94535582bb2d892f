package io.hfmerge.method;

import java.util.Arrays;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.function.Supplier;

/**
 * Finds the scores at given ranks among all elements of a tensor, exactly and without keeping or
 * sorting the scores of a large tensor.
 *
 * <p>Scores are compared as integers: their F32 bits, with those of negative ones turned over below
 * the sign. A first pass counts the upper 17 bits, a second one the lower 15 within the bins that
 * hold the ranks looked for. Tensors of up to {@link #SMALL} elements are sorted instead, in one
 * pass.
 *
 * <p>{@link SelectionPass} does not do: it knows how many of the largest magnitudes it wants before
 * it has seen any, where here scores have signs and ranks follow from the number of zeros.
 */
final class RankedScores {

  /** Elements up to which sorting is cheaper than clearing histograms. */
  static final int SMALL = 1 << 16;

  private static final int LOWER_BITS = 15;
  private static final int UPPER_BINS = 1 << 17;
  private static final int LOWER_BINS = 1 << LOWER_BITS;

  /** The bin of upper bits where zero and the smallest positive numbers are. */
  private static final int BIN_OF_ZERO = UPPER_BINS / 2;

  /** Ranks that a method looks for at once, for planning memory. */
  private static final int MAX_RANKS = 4;

  /** Long, for a histogram is a megabyte. */
  private static final long SEGMENT_ELEMENTS = 1 << 22;

  private static final int ZEROS = UPPER_BINS;

  private static final ThreadLocal<float[]> SCRATCH =
      ThreadLocal.withInitial(() -> new float[ElementScore.PIECE]);

  private final ElementScore score;
  private final long elements;
  private final LongFunction<long[]> ranks;
  private final Function<Rank[], TensorMerge> then;
  private final Supplier<RuntimeException> notANumber;

  /**
   * A score found.
   *
   * @param index the rank that was looked for
   * @param bits of the F32 score, as {@link #bits}
   * @param below number of elements with a smaller score
   * @param equal number of elements with this score
   */
  record Rank(long index, int bits, long below, long equal) {

    float value() {
      return Float.intBitsToFloat(turned(bits));
    }
  }

  private RankedScores(
      ElementScore score,
      long elements,
      LongFunction<long[]> ranks,
      Function<Rank[], TensorMerge> then,
      Supplier<RuntimeException> notANumber) {
    this.score = score;
    this.elements = elements;
    this.ranks = ranks;
    this.then = then;
    this.notANumber = notANumber;
  }

  /**
   * The first pass.
   *
   * @param elements number of elements of the tensor
   * @param ranks takes the number of zero scores and answers with the positions to find, from 0, in
   *     ascending order of scores; may be none
   * @param then takes what was found, in the order of the ranks
   * @param notANumber what to throw if a score is NaN
   */
  static StatisticsPass<?> pass(
      ElementScore score,
      long elements,
      LongFunction<long[]> ranks,
      Function<Rank[], TensorMerge> then,
      Supplier<RuntimeException> notANumber) {
    RankedScores search = new RankedScores(score, elements, ranks, then, notANumber);
    return elements <= SMALL ? search.new SortPass() : search.new UpperPass();
  }

  /** An integer in the order of scores; zero for both zeros, NaN after all others. */
  static int bits(float score) {
    return turned(Float.floatToIntBits(score + 0f));
  }

  /** Reverses the order of negative numbers; its own inverse. */
  private static int turned(int bits) {
    return bits ^ ((bits >> 31) & Integer.MAX_VALUE);
  }

  private static int bin(int bits) {
    return (bits >> LOWER_BITS) + BIN_OF_ZERO;
  }

  private static boolean isNan(int bits) {
    return bits > 0x7f800000;
  }

  /** One segment that holds all scores. */
  private final class SortPass implements StatisticsPass<int[]> {

    @Override
    public int[] newPartial() {
      return new int[Math.toIntExact(elements)];
    }

    @Override
    public void accept(int[] partial, float[][] inputs, int length, long firstElement) {
      float[] scores = SCRATCH.get();
      for (int done = 0; done < length; done += scores.length) {
        int piece = Math.min(scores.length, length - done);
        score.score(inputs, done, piece, firstElement + done, scores);
        int at = (int) firstElement + done;
        for (int i = 0; i < piece; i++) {
          partial[at + i] = bits(scores[i]);
        }
      }
    }

    @Override
    public int[] fold(int[] before, int[] next) {
      // segments are disjoint, and what was not seen is zero
      for (int i = 0; i < before.length; i++) {
        before[i] |= next[i];
      }
      return before;
    }

    @Override
    public TensorMerge next(int[] sorted) {
      Arrays.sort(sorted);
      if (sorted.length > 0 && isNan(sorted[sorted.length - 1])) {
        throw notANumber.get();
      }
      long zeros = (long) upper(sorted, 0) - upper(sorted, -1);
      long[] wanted = ranks.apply(zeros);
      Rank[] found = new Rank[wanted.length];
      for (int i = 0; i < wanted.length; i++) {
        int bits = sorted[Math.toIntExact(wanted[i])];
        int below = upper(sorted, bits - 1);
        found[i] = new Rank(wanted[i], bits, below, upper(sorted, bits) - below);
      }
      return then.apply(found);
    }

    /** Number of values up to this one. */
    private static int upper(int[] sorted, int bits) {
      int low = 0;
      int high = sorted.length;
      while (low < high) {
        int middle = (low + high) >>> 1;
        if (sorted[middle] <= bits) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      return low;
    }

    @Override
    public long segmentElements() {
      return SMALL;
    }

    @Override
    public long partialBytes() {
      return Integer.BYTES * elements;
    }
  }

  /** Histogram of the upper bits, and the number of zeros. */
  private final class UpperPass implements StatisticsPass<long[]> {

    @Override
    public long[] newPartial() {
      return new long[UPPER_BINS + 1];
    }

    @Override
    public void accept(long[] partial, float[][] inputs, int length, long firstElement) {
      float[] scores = SCRATCH.get();
      for (int done = 0; done < length; done += scores.length) {
        int piece = Math.min(scores.length, length - done);
        score.score(inputs, done, piece, firstElement + done, scores);
        int nonZero = 0;
        for (int i = 0; i < piece; i++) {
          int bits = bits(scores[i]);
          partial[bin(bits)]++;
          nonZero += (bits | -bits) >>> 31;
        }
        partial[ZEROS] += piece - nonZero;
      }
    }

    @Override
    public long[] fold(long[] before, long[] next) {
      for (int i = 0; i < before.length; i++) {
        before[i] += next[i];
      }
      return before;
    }

    @Override
    public TensorMerge next(long[] all) {
      for (int bin = bin(0x7f800000) + 1; bin < UPPER_BINS; bin++) {
        if (all[bin] > 0) {
          throw notANumber.get();
        }
      }
      long[] wanted = ranks.apply(all[ZEROS]);
      int[] bins = new int[wanted.length];
      long[] before = new long[wanted.length];
      for (int i = 0; i < wanted.length; i++) {
        int bin = 0;
        long below = 0;
        while (below + all[bin] <= wanted[i]) {
          below += all[bin++];
        }
        bins[i] = bin;
        before[i] = below;
      }
      return wanted.length == 0 ? then.apply(new Rank[0]) : new LowerPass(wanted, bins, before);
    }

    @Override
    public long segmentElements() {
      return SEGMENT_ELEMENTS;
    }

    /** That of the next pass, for the ranks that methods look for, at most four of them. */
    @Override
    public long partialBytes() {
      return (long) Long.BYTES * LOWER_BINS * (MAX_RANKS + 1);
    }

    @Override
    public int passes() {
      return 2;
    }
  }

  /** Histograms of the lower bits within the bins of the ranks. */
  private final class LowerPass implements StatisticsPass<long[][]> {

    private final long[] wanted;
    private final int[] bins;
    private final long[] before;

    /** Which histogram a bin of the upper bits has; the last one is for all others. */
    private final byte[] histogramOf = new byte[UPPER_BINS];

    private final int histograms;

    LowerPass(long[] wanted, int[] bins, long[] before) {
      this.wanted = wanted;
      this.bins = bins;
      this.before = before;
      int[] distinct = Arrays.stream(bins).sorted().distinct().toArray();
      histograms = distinct.length;
      Arrays.fill(histogramOf, (byte) histograms);
      for (int i = 0; i < histograms; i++) {
        histogramOf[distinct[i]] = (byte) i;
      }
    }

    @Override
    public long[][] newPartial() {
      return new long[histograms + 1][LOWER_BINS];
    }

    @Override
    public void accept(long[][] partial, float[][] inputs, int length, long firstElement) {
      float[] scores = SCRATCH.get();
      for (int done = 0; done < length; done += scores.length) {
        int piece = Math.min(scores.length, length - done);
        score.score(inputs, done, piece, firstElement + done, scores);
        for (int i = 0; i < piece; i++) {
          int bits = bits(scores[i]);
          partial[histogramOf[bin(bits)]][bits & (LOWER_BINS - 1)]++;
        }
      }
    }

    @Override
    public long[][] fold(long[][] all, long[][] next) {
      for (int i = 0; i < histograms; i++) {
        for (int bin = 0; bin < LOWER_BINS; bin++) {
          all[i][bin] += next[i][bin];
        }
      }
      return all;
    }

    @Override
    public TensorMerge next(long[][] all) {
      Rank[] found = new Rank[wanted.length];
      for (int i = 0; i < wanted.length; i++) {
        long[] histogram = all[histogramOf[bins[i]]];
        long below = before[i];
        int lower = 0;
        while (below + histogram[lower] <= wanted[i]) {
          below += histogram[lower++];
        }
        found[i] =
            new Rank(
                wanted[i], (bins[i] - BIN_OF_ZERO) << LOWER_BITS | lower, below, histogram[lower]);
      }
      return then.apply(found);
    }

    @Override
    public long segmentElements() {
      return SEGMENT_ELEMENTS;
    }

    @Override
    public long partialBytes() {
      return (long) Long.BYTES * LOWER_BINS * (histograms + 1);
    }
  }
}
