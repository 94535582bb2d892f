package io.hfmerge.method;

/** Keeps each entry with the same probability, independently of the others. */
final class RandomDrop implements Sparsifier {

  private final ElementRandom random;
  private final long limit;
  private final double factor;

  /**
   * @param density probability with which an entry stays, 0 to 1
   * @param factor of entries that stay
   */
  RandomDrop(ElementRandom random, double density, double factor) {
    this.random = random;
    this.limit = (long) (density * ElementRandom.WORD_COUNT);
    this.factor = factor;
  }

  @Override
  public void keep(int[] bits, int length, long firstElement, int[] kept, double[] factors) {
    long[] words = DeltaScratch.ofThread().words(length);
    random.words(firstElement, length, words);
    below(words, limit, kept, length);
  }

  private static void below(long[] words, long limit, int[] kept, int length) {
    for (int i = 0; i < length; i++) {
      kept[i] = (int) ((words[i] - limit) >>> 63);
    }
  }

  @Override
  public double factor() {
    return factor;
  }
}
