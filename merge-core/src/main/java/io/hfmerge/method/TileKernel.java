package io.hfmerge.method;

import java.util.List;

/**
 * Computes elements of one output tensor from the same elements of the inputs.
 *
 * <p>One instance is used by several threads at once, for tiles in any order. Loops over a tile
 * should be plain, so that the compiler vectorises them.
 */
@FunctionalInterface
public non-sealed interface TileKernel extends TensorMerge {

  /**
   * Merges one tile.
   *
   * @param inputs per model of the context, in its order, the decoded values from index 0 on; to be
   *     left unchanged
   * @param out receives the result from index 0 on; its old content is undefined
   * @param length number of elements, at least 1
   * @param firstElement row-major index of the first element within the tensor
   */
  void merge(float[][] inputs, float[] out, int length, long firstElement);

  /** The same kernel with what a pass found; see {@link TensorMerge#remarks}. */
  default TileKernel withRemarks(List<String> found) {
    return found.isEmpty() ? this : new RemarkedKernel(this, found);
  }
}
