package io.hfmerge.method;

import java.util.List;

/** A step on the way to one output tensor: a pass that looks, or the one that computes. */
public sealed interface TensorMerge permits TileKernel, StatisticsPass {

  /**
   * Every tile starts at a multiple of this many elements and holds a multiple of it, but for a
   * shorter rest at the end of the tensor. A method that needs whole rows answers with the row
   * length; memory then grows to one granule per model and worker.
   *
   * @return at least 1, at most {@link #MAX_GRANULE_ELEMENTS}
   */
  default int granuleElements() {
    return 1;
  }

  /**
   * Heap that a thread takes for this step beside the tiles of inputs and result, for staying
   * within a memory budget. Steps whose scratch grows with the tile must say so.
   *
   * @param tileElements length of a tile, whole granules
   */
  default long scratchBytes(int tileElements) {
    return 0;
  }

  /**
   * What a reader of the report should know about this tensor that only its values tell: that
   * inputs cancel, that an iteration stopped early, that something was taken in place of the
   * formula. Asked once every tile was seen; the same texts, then, whatever the order of tiles.
   * Equal remarks on many tensors become one line, so they name neither tensor nor numbers.
   */
  default List<String> remarks() {
    return List.of();
  }

  /** Largest granule: 32 MiB of floats per model and worker, far beyond any row in use. */
  int MAX_GRANULE_ELEMENTS = 1 << 23;
}
