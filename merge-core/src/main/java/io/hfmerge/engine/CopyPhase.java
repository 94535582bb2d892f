package io.hfmerge.engine;

import io.hfmerge.plan.CopiedTensor;
import java.io.IOException;

/** Carries a tensor over, byte for byte or into another dtype. */
final class CopyPhase extends Phase {

  private final CopiedTensor tensor;
  private final OpenSources sources;
  private final int blockElements;

  CopyPhase(CopiedTensor tensor, OpenSources sources, MergeOptions options) {
    super(unitsOf(length(tensor), options.blockElements()));
    this.tensor = tensor;
    this.sources = sources;
    this.blockElements = options.blockElements();
  }

  private static boolean asBytes(CopiedTensor tensor) {
    return tensor.output().dtype() == tensor.source().tensor().dtype();
  }

  private static long length(CopiedTensor tensor) {
    return asBytes(tensor) ? tensor.output().sizeBytes() : tensor.output().elements();
  }

  @Override
  CopiedTensor tensor() {
    return tensor;
  }

  @Override
  void run(int unit, Worker worker) throws IOException {
    long first = (long) unit * blockElements;
    int length = (int) Math.min(blockElements, length(tensor) - first);
    if (asBytes(tensor)) {
      worker.copyBytes(tensor, sources, first, length);
    } else {
      worker.convert(tensor, sources, first, length);
    }
  }
}
