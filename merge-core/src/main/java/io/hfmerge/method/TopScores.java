package io.hfmerge.method;

import java.util.Arrays;

/**
 * Which elements have the largest scores: all above a threshold, and of those equal to it the first
 * ones in the tensor. Thread-safe.
 *
 * <p>A {@link Cut} says the same of magnitudes of differences to the base, for methods that find it
 * by {@link SelectionPass}; these scores are computed of all models together.
 */
final class TopScores {

  /** Elements whose equal scores are counted together; tiles must start at a multiple of it. */
  static final int CHUNK = ElementScore.PIECE;

  private static final ThreadLocal<float[]> SCRATCH =
      ThreadLocal.withInitial(() -> new float[CHUNK]);

  private final ElementScore score;
  private final int threshold;

  /** First element of the chunk within which the equal scores run out. */
  private final long lastChunk;

  /** How many equal scores of that chunk are kept. */
  private final long quota;

  private TopScores(ElementScore score, int threshold, long lastChunk, long quota) {
    this.score = score;
    this.threshold = threshold;
    this.lastChunk = lastChunk;
    this.quota = quota;
  }

  /** What follows once it is known which elements are kept. */
  @FunctionalInterface
  interface Then {
    TensorMerge apply(TopScores kept);
  }

  /**
   * The step that settles which of the equal scores are kept, or the one after it where all are.
   *
   * @param score not negative
   * @param least the score at the rank from which on all are kept
   */
  static TensorMerge from(ElementScore score, RankedScores.Rank least, Then then) {
    long keep = least.below() + least.equal() - least.index();
    return keep == least.equal()
        ? then.apply(new TopScores(score, least.bits(), Long.MAX_VALUE, 0))
        : new EqualPass(score, least.bits(), keep, then);
  }

  /**
   * Writes 1 for kept elements and 0 for others.
   *
   * @param offset index within the tile of a first element of a chunk
   * @param length at most {@link #CHUNK}
   * @param mask receives the result from index 0 on
   */
  void mask(float[][] inputs, int offset, int length, long firstElement, double[] mask) {
    float[] scores = SCRATCH.get();
    score.score(inputs, offset, length, firstElement, scores);
    if (firstElement == lastChunk) {
      long left = quota;
      for (int i = 0; i < length; i++) {
        int bits = RankedScores.bits(scores[i]);
        boolean kept = bits > threshold || (bits == threshold && left-- > 0);
        mask[i] = kept ? 1 : 0;
      }
      return;
    }
    int least = firstElement < lastChunk ? threshold : threshold + 1;
    for (int i = 0; i < length; i++) {
      mask[i] = 1 + ((RankedScores.bits(scores[i]) - least) >> 31);
    }
  }

  /** Counts, in each chunk, the elements whose score is the threshold. */
  private record EqualPass(ElementScore score, int threshold, long keep, Then then)
      implements StatisticsPass<EqualPass.Counts> {

    /** Counts of chunks, in order. */
    static final class Counts {
      private int[] counts = new int[64];
      private int chunks;

      void append(int count) {
        if (chunks == counts.length) {
          counts = Arrays.copyOf(counts, 2 * chunks);
        }
        counts[chunks++] = count;
      }
    }

    @Override
    public int granuleElements() {
      return CHUNK;
    }

    @Override
    public Counts newPartial() {
      return new Counts();
    }

    @Override
    public void accept(Counts partial, float[][] inputs, int length, long firstElement) {
      float[] scores = SCRATCH.get();
      for (int done = 0; done < length; done += CHUNK) {
        int piece = Math.min(CHUNK, length - done);
        score.score(inputs, done, piece, firstElement + done, scores);
        int equal = 0;
        for (int i = 0; i < piece; i++) {
          int distance = RankedScores.bits(scores[i]) ^ threshold;
          equal += 1 + ((distance | -distance) >> 31);
        }
        partial.append(equal);
      }
    }

    @Override
    public Counts fold(Counts before, Counts next) {
      for (int i = 0; i < next.chunks; i++) {
        before.append(next.counts[i]);
      }
      return before;
    }

    @Override
    public TensorMerge next(Counts all) {
      long left = keep;
      int chunk = 0;
      while (left > all.counts[chunk]) {
        left -= all.counts[chunk++];
      }
      return then.apply(new TopScores(score, threshold, (long) chunk * CHUNK, left));
    }

    @Override
    public long segmentElements() {
      return 1 << 20;
    }
  }
}
