package io.hfmerge.method;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Looks at pieces spread evenly over a tensor and guesses between which magnitudes a rank lies. A
 * wrong guess costs time and nothing else: the passes that follow count.
 */
record SampleSearch(long rank, long elements) implements RankSearch {

  /** Pieces looked at, at least; for a bracket around a fifth of the entries 1.6 % wide. */
  private static final int LEAST_PIECES = 128;

  /** Pieces looked at, at most, so that sorting the sample takes some milliseconds. */
  private static final int MOST_PIECES = 2048;

  /** Pieces that a tensor has for each that is looked at. */
  private static final int PIECES_PER_LOOK = 64;

  /** Of a piece, neighbours of which are alike, each so many-th element. */
  private static final int STRIDE = 2;

  /** Standard errors between the guess and either end of the bracket. */
  private static final double STANDARD_ERRORS = 5;

  /** Entries of the sample added on both sides, for quantiles near the ends. */
  private static final int SPARE = 12;

  /** Different magnitudes that are counted one by one instead of collected, at most. */
  private static final int MOST_POINTS = 4;

  private long pieces() {
    return Math.ceilDiv(elements, (long) PIECE);
  }

  private long looks() {
    return Math.min(pieces(), Math.clamp(pieces() / PIECES_PER_LOOK, LEAST_PIECES, MOST_PIECES));
  }

  /** The piece within a range of equal length, at a place that no period of rows meets twice. */
  private long piece(long look) {
    long from = look * pieces() / looks();
    long to = (look + 1) * pieces() / looks();
    return from + ((look * 0x9E3779B97F4A7C15L) >>> 33) % (to - from);
  }

  @Override
  public long firstWanted(long element) {
    long at = element / PIECE;
    for (long look = Math.max(0, at * looks() / pieces() - 1); look < looks(); look++) {
      long piece = piece(look);
      if (piece >= at) {
        return Math.max(element, piece * PIECE);
      }
    }
    return Long.MAX_VALUE;
  }

  @Override
  public long segmentElements() {
    return PIECE;
  }

  @Override
  public Partial newPartial() {
    return new Sample();
  }

  private final class Sample implements Partial {

    private final List<int[]> pieces = new ArrayList<>();

    @Override
    public void accept(int[] magnitudes, int length, long firstElement) {
      if (firstWanted(firstElement) >= firstElement + length) {
        return;
      }
      int[] piece = new int[Math.ceilDiv(length, STRIDE)];
      for (int i = 0; i < piece.length; i++) {
        piece[i] = magnitudes[i * STRIDE];
      }
      pieces.add(piece);
    }

    @Override
    public void fold(Partial next) {
      pieces.addAll(((Sample) next).pieces);
    }

    @Override
    public SearchOutcome next() {
      int size = pieces.stream().mapToInt(piece -> piece.length).sum();
      double share = (double) rank / elements;
      int guess = (int) (size - share * size);
      int likely = (int) margin(size, Math.sqrt(share * (1 - share) / size));
      SampledRanks sample = new SampledRanks(pieces, guess - likely, guess + likely);
      double margin =
          margin(size, standardError(sample.at(Math.min(guess, size - 1)), share, size));
      int below = (int) (guess - margin);
      int above = (int) Math.ceil(guess + margin);
      int least = sample.at(Math.max(0, below));
      int largest = sample.at(Math.min(size - 1, above));
      int low = below < 0 ? 1 : Math.max(1, least);
      int high = above >= size ? Integer.MAX_VALUE : Math.max(low, largest);
      return bracket(sample, low, high);
    }

    private static double margin(int size, double standardError) {
      return SPARE + STANDARD_ERRORS * size * standardError;
    }

    /**
     * Of the share of entries above a magnitude: that of independent draws or, larger where
     * neighbours are alike, that of the shares of pieces.
     */
    private double standardError(int limit, double share, int size) {
      double independent = share * (1 - share) / size;
      double squares = 0;
      double sum = 0;
      for (int[] piece : pieces) {
        double ofPiece = (double) Magnitudes.countAbove(piece, piece.length, limit) / piece.length;
        sum += ofPiece;
        squares += ofPiece * ofPiece;
      }
      double mean = sum / pieces.size();
      double variance = Math.max(0, squares / pieces.size() - mean * mean) / pieces.size();
      return Math.sqrt(Math.max(independent, variance));
    }

    private SearchOutcome bracket(SampledRanks sample, int low, int high) {
      int[] within = sample.within(low, high);
      double share = (double) within.length / sample.size();
      boolean many = share * elements > CollectSearch.mostCollected(elements);
      if (!many && (low < high || share * elements < CollectSearch.ALWAYS_COLLECTED)) {
        return new CollectSearch(rank, elements, low, high);
      }
      int[] points = Arrays.stream(within).distinct().limit(MOST_POINTS + 1).toArray();
      return points.length == 0 || points.length > MOST_POINTS
          ? HistogramSearch.ofAll(rank, elements)
          : new PointSearch(rank, elements, points);
    }
  }
}
