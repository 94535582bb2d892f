package io.hfmerge.method;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Counts what is above and what is equal to each of a few magnitudes that many entries have, the
 * equal ones piece by piece.
 *
 * @param points magnitudes, each at least 1
 */
record PointSearch(long rank, long elements, List<Integer> points) implements RankSearch {

  private static final long SEGMENT = 1L << 18;

  PointSearch(long rank, long elements, int... points) {
    this(rank, elements, Arrays.stream(points).boxed().toList());
  }

  @Override
  public long segmentElements() {
    return SEGMENT;
  }

  @Override
  public Partial newPartial() {
    return new Counts();
  }

  private final class Counts implements Partial {

    private final int[] magnitudes = points.stream().mapToInt(Integer::intValue).toArray();
    private final long[] above = new long[magnitudes.length];

    /** Of pieces before those of {@code equal}: per segment, per point, per piece. */
    private final List<int[][]> segments = new ArrayList<>();

    /** Per point, per piece. */
    private int[][] equal = new int[magnitudes.length][(int) (SEGMENT / PIECE)];

    private int pieces;

    @Override
    public void accept(int[] piece, int length, long firstElement) {
      if (pieces == equal[0].length) {
        equal = resized(2 * pieces);
      }
      for (int point = 0; point < magnitudes.length; point++) {
        int larger = Magnitudes.countAbove(piece, length, magnitudes[point]);
        above[point] += larger;
        equal[point][pieces] = Magnitudes.countAbove(piece, length, magnitudes[point] - 1) - larger;
      }
      pieces++;
    }

    private int[][] resized(int length) {
      int[][] copy = new int[equal.length][];
      for (int point = 0; point < copy.length; point++) {
        copy[point] = Arrays.copyOf(equal[point], length);
      }
      return copy;
    }

    private List<int[][]> segments() {
      if (pieces > 0) {
        segments.add(resized(pieces));
        pieces = 0;
      }
      return segments;
    }

    @Override
    public void fold(Partial next) {
      Counts other = (Counts) next;
      segments().addAll(other.segments());
      for (int point = 0; point < above.length; point++) {
        above[point] += other.above[point];
      }
    }

    @Override
    public SearchOutcome next() {
      for (int point = 0; point < magnitudes.length; point++) {
        long kept = rank - above[point];
        long all = 0;
        for (int[][] segment : segments()) {
          for (int count : segment[point]) {
            all += count;
          }
        }
        if (kept > 0 && kept <= all) {
          return kept == all
              ? new SearchOutcome.Found(new Cut(magnitudes[point], Long.MAX_VALUE))
              : locate(point, kept);
        }
      }
      return HistogramSearch.ofAll(rank, elements);
    }

    private SearchOutcome locate(int point, long kept) {
      long left = kept;
      long piece = 0;
      for (int[][] segment : segments()) {
        for (int count : segment[point]) {
          if (left <= count) {
            return new LocateSearch(magnitudes[point], piece * PIECE, (int) left);
          }
          left -= count;
          piece++;
        }
      }
      throw new IllegalStateException("fewer entries than were counted");
    }
  }
}
