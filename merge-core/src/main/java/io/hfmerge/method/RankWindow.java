package io.hfmerge.method;

/**
 * Keeps entries by their rank in magnitude: those of {@code inner} and not of {@code outer}.
 *
 * @param inner the largest and what is wanted below them
 * @param outer the largest, to be dropped; {@link Cut#NONE} keeps them
 */
record RankWindow(Cut inner, Cut outer) implements Sparsifier {

  @Override
  public void keep(int[] bits, int length, long firstElement, int[] kept, double[] factors) {
    inner.mark(bits, length, firstElement, kept);
    if (outer.equals(Cut.NONE)) {
      return;
    }
    int[] dropped = DeltaScratch.ofThread().dropped(length);
    outer.mark(bits, length, firstElement, dropped);
    for (int i = 0; i < length; i++) {
      kept[i] &= ~dropped[i];
    }
  }
}
