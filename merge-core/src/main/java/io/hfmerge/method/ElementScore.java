package io.hfmerge.method;

/** A number for each element of a tensor by which elements are ranked. Thread-safe. */
@FunctionalInterface
interface ElementScore {

  /** Most elements in a go. */
  int PIECE = 1024;

  /**
   * Computes scores.
   *
   * @param inputs as for {@link TileKernel#merge}
   * @param offset index of the first element within the tile
   * @param length number of elements, at most {@link #PIECE}
   * @param firstElement row-major index of the first element within the tensor
   * @param scores receives the scores from index 0 on
   */
  void score(float[][] inputs, int offset, int length, long firstElement, float[] scores);
}
