package io.hfmerge.plan;

import io.hfmerge.tensor.TensorSpec;
import java.util.List;

/** One tensor of the output and where it comes from. */
public sealed interface PlannedTensor permits CopiedTensor, MergedTensor {

  /** Name, dtype and shape in the output. */
  TensorSpec output();

  /** What is read for it. */
  List<TensorSource> sources();

  /** Bytes read for it in one pass over the sources. */
  default long bytesToRead() {
    long bytes = 0;
    for (TensorSource source : sources()) {
      bytes += source.tensor().sizeBytes();
    }
    return bytes;
  }
}
