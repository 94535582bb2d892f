package io.hfmerge.method;

/**
 * A pass over all tensors of a merge, before any of them is merged.
 *
 * <p>Each thread feeds tiles of whatever tensors it comes by into a partial result of its own, in
 * any order. So that the outcome is the same for any number of threads, tile size and block size, a
 * partial result may hold nothing but what is exact in any order: counts and extremes, not
 * floating-point sums.
 *
 * @param <P> partial result, mutable
 */
public non-sealed interface Survey<P> extends SurveyOutcome {

  /** A new partial result that has seen nothing. */
  P newPartial();

  /** Whether a tensor has to be looked at. */
  boolean wants(TensorContext context);

  /**
   * Takes one tile in. Called by one thread at a time per partial result.
   *
   * @param context the tile's tensor
   * @param inputs as for {@link TileKernel#merge}
   * @param length number of elements, at least 1
   */
  void accept(P partial, TensorContext context, float[][] inputs, int length);

  /**
   * Folds one partial result into another.
   *
   * @param into may be changed and returned
   * @param from not used again
   */
  P fold(P into, P from);

  /** What follows, once every wanted tensor was seen. */
  SurveyOutcome next(P all);

  /** Heap that one partial result takes; each thread has one. */
  long partialBytes();

  /** How many surveys there will be from this one on, itself included. */
  int passes();
}
