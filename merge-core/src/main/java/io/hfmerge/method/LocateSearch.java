package io.hfmerge.method;

/**
 * Finds the so many-th entry of one magnitude within one piece.
 *
 * @param threshold the magnitude
 * @param pieceStart row-major index of the piece's first element
 * @param ordinal which of the entries, from 1 on
 */
record LocateSearch(int threshold, long pieceStart, int ordinal) implements RankSearch {

  @Override
  public long firstWanted(long element) {
    return element < pieceStart + PIECE ? Math.max(element, pieceStart) : Long.MAX_VALUE;
  }

  @Override
  public long segmentElements() {
    return PIECE;
  }

  @Override
  public Partial newPartial() {
    return new Place();
  }

  private final class Place implements Partial {

    private long end = -1;

    @Override
    public void accept(int[] magnitudes, int length, long firstElement) {
      if (firstWanted(firstElement) >= firstElement + length) {
        return;
      }
      int seen = 0;
      for (int i = 0; i < length; i++) {
        if (magnitudes[i] == threshold && ++seen == ordinal) {
          end = firstElement + i + 1;
          return;
        }
      }
    }

    @Override
    public void fold(Partial next) {
      end = Math.max(end, ((Place) next).end);
    }

    @Override
    public SearchOutcome next() {
      if (end < 0) {
        throw new IllegalStateException("fewer entries than were counted");
      }
      return new SearchOutcome.Found(new Cut(threshold, end));
    }
  }
}
