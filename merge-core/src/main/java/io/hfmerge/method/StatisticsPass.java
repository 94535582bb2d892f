package io.hfmerge.method;

/**
 * Looks at the elements of the inputs of one tensor and then answers with the next step.
 *
 * <p>The tensor is cut into segments of a length that the pass itself chooses. Each segment is fed,
 * tile by tile in ascending order and by one thread, into a partial result of its own; partial
 * results are folded in ascending order of their segments. Tiles are cut the same way whatever the
 * options of the run. So the outcome, floating-point sums included, is the same for any number of
 * threads, tile size and block size.
 *
 * @param <P> partial result, mutable
 */
public non-sealed interface StatisticsPass<P> extends TensorMerge {

  /** Segment length where a pass does not choose: small partial results. */
  long DEFAULT_SEGMENT_ELEMENTS = 1L << 16;

  /** Bytes of a partial result where a pass does not say: some hundred sums. */
  long DEFAULT_PARTIAL_BYTES = 4096;

  /** A new partial result that has seen nothing. */
  P newPartial();

  /**
   * Takes one tile in. Called by one thread at a time per partial result.
   *
   * @param partial result of the tile's segment so far
   * @param inputs as for {@link TileKernel#merge}
   * @param length number of elements, at least 1
   * @param firstElement row-major index of the first element within the tensor
   */
  void accept(P partial, float[][] inputs, int length, long firstElement);

  /**
   * Folds the result of the next segment into that of all segments before it.
   *
   * @param before result of the segments 0 to i; may be changed and returned
   * @param next result of segment i + 1; not used again
   * @return result of the segments 0 to i + 1
   */
  P fold(P before, P next);

  /**
   * The step that follows, once every element that is wanted was seen.
   *
   * @param all fold over all segments; untouched by {@link #accept} if the tensor is empty or
   *     nothing was wanted
   */
  TensorMerge next(P all);

  /**
   * Elements per segment, rounded up to whole tiles by the engine. Passes with a large partial
   * result, such as a histogram, choose a long segment: about threads times four partial results
   * exist at a time.
   */
  default long segmentElements() {
    return DEFAULT_SEGMENT_ELEMENTS;
  }

  /**
   * Where the next element is that has to be looked at, so that a sample, or the one place that is
   * still unclear, costs no reading of the whole tensor. Segments without such an element are
   * neither fed nor folded, and not read unless another pass that shares the reading wants them.
   *
   * @param element row-major index of an element
   * @return the smallest index of a wanted element from there on; beyond the tensor if there is
   *     none
   */
  default long firstWanted(long element) {
    return element;
  }

  /**
   * Most bytes of heap that one partial result takes, of this pass or of one that follows it on the
   * same tensor, for staying within a memory budget. Passes whose partial results grow with the
   * number of models or hold a histogram must say so.
   */
  default long partialBytes() {
    return DEFAULT_PARTIAL_BYTES;
  }

  /**
   * How many passes of statistics there will be from this one on, itself included, for telling the
   * progress; a pass that cannot know gives its best guess.
   */
  default int passes() {
    return 1;
  }
}
