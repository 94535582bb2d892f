package io.hfmerge.method;

/**
 * Chooses which entries of one model's difference to the base stay. Immutable; used by several
 * threads.
 */
interface Sparsifier {

  /** Every entry stays, untouched. */
  Sparsifier ALL =
      new Sparsifier() {
        @Override
        public void keep(int[] bits, int length, long firstElement, int[] kept, double[] factors) {
          java.util.Arrays.fill(kept, 0, length, 1);
        }

        @Override
        public boolean keepsAll() {
          return true;
        }
      };

  /**
   * Marks what stays of a tile. Zeros may be marked either way: they add nothing.
   *
   * @param bits bits of the differences as floats
   * @param firstElement row-major index of the first
   * @param kept receives 1 for each entry that stays, else 0
   * @param factors receives a factor for each entry, used where it stays, if {@link #hasFactors}
   */
  void keep(int[] bits, int length, long firstElement, int[] kept, double[] factors);

  /** Whether nothing is ever dropped. */
  default boolean keepsAll() {
    return false;
  }

  /** Whether entries that stay have factors of their own. */
  default boolean hasFactors() {
    return false;
  }

  /** Factor of all entries that stay. */
  default double factor() {
    return 1;
  }

  /** Heap that it holds itself. */
  default long tableBytes() {
    return 0;
  }

  /** What a tile must hold whole multiples of; as {@link TensorMerge#granuleElements}. */
  default int granuleElements() {
    return 1;
  }
}
