package io.hfmerge.method;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Looks at pieces spread evenly over a tensor and guesses between which magnitudes a rank lies. A
 * wrong guess costs time and nothing else: the passes that follow count.
 */
record SampleSearch(long rank, long elements) implements RankSearch {

  /** Pieces looked at, at least; for a bracket around a fifth of the entries 2.6 % wide. */
  private static final int LEAST_PIECES = 128;

  /** Pieces looked at, at most, so that sorting the sample takes some milliseconds. */
  private static final int MOST_PIECES = 2048;

  /** Pieces that a tensor has for each that is looked at. */
  private static final int PIECES_PER_LOOK = 32;

  /** Of a piece, neighbours of which are alike, each so many-th element. */
  private static final int STRIDE = 4;

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
  public boolean wants(long firstElement, long endElement) {
    long first = firstElement / PIECE;
    long last = (endElement - 1) / PIECE;
    long look = first * looks() / pieces();
    for (long i = Math.max(0, look - 1); i < looks() && piece(i) <= last; i++) {
      if (piece(i) >= first) {
        return true;
      }
    }
    return false;
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
      if (!wants(firstElement, firstElement + length)) {
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
      int[] sorted = Magnitudes.concatenated(pieces);
      Arrays.sort(sorted);
      int size = sorted.length;
      int guess = (int) (size - (double) rank / elements * size);
      double margin = SPARE + STANDARD_ERRORS * size * standardError(sorted, guess);
      int below = (int) (guess - margin);
      int above = (int) Math.ceil(guess + margin);
      int low = below < 0 ? 1 : Math.max(1, sorted[below]);
      int high = above >= size ? Integer.MAX_VALUE : Math.max(low, sorted[above]);
      return bracket(sorted, low, high);
    }

    /**
     * Of the share of entries above the guess: that of independent draws or, larger where
     * neighbours are alike, that of the shares of pieces.
     */
    private double standardError(int[] sorted, int guess) {
      int limit = sorted[Math.clamp(guess, 0, sorted.length - 1)];
      double share = 1 - (double) guess / sorted.length;
      double independent = share * (1 - share) / sorted.length;
      double squares = 0;
      double sum = 0;
      for (int[] piece : pieces) {
        int count = 0;
        for (int magnitude : piece) {
          count += (limit - magnitude) >>> 31;
        }
        double ofPiece = (double) count / piece.length;
        sum += ofPiece;
        squares += ofPiece * ofPiece;
      }
      double mean = sum / pieces.size();
      double variance = Math.max(0, squares / pieces.size() - mean * mean) / pieces.size();
      return Math.sqrt(Math.max(Math.max(0, independent), variance));
    }

    private SearchOutcome bracket(int[] sorted, int low, int high) {
      int first = Magnitudes.firstFrom(sorted, low);
      int end = Magnitudes.firstAbove(sorted, high);
      double share = (double) (end - first) / sorted.length;
      boolean many = share * elements > CollectSearch.mostCollected(elements);
      if (!many && (low < high || share * elements < CollectSearch.ALWAYS_COLLECTED)) {
        return new CollectSearch(rank, elements, low, high);
      }
      int[] points = Arrays.stream(sorted, first, end).distinct().limit(MOST_POINTS + 1).toArray();
      return points.length == 0 || points.length > MOST_POINTS
          ? HistogramSearch.ofAll(rank, elements)
          : new PointSearch(rank, elements, points);
    }
  }
}
