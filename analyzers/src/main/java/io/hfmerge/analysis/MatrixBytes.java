package io.hfmerge.analysis;

import io.hfmerge.hf.arch.MatrixBlock;
import io.hfmerge.hf.arch.WeightMatrix;
import io.hfmerge.tensor.Checkpoint;

/** How many stored bytes a matrix has, for progress. */
final class MatrixBytes {

  private MatrixBytes() {}

  static long of(Checkpoint checkpoint, WeightMatrix matrix) {
    long bytes = 0;
    for (MatrixBlock block : matrix.blocks()) {
      long elements = block.rows() * block.columns();
      bytes +=
          checkpoint
              .find(block.tensor())
              .map(spec -> elements * spec.dtype().bits() / 8)
              .orElse(0L);
    }
    return bytes;
  }
}
