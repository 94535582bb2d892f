package io.hfmerge.engine;

import java.io.IOException;

/** Carries a tensor over, byte for byte. */
final class CopyPhase extends Phase {

  private final TensorGroup group;
  private final int blockBytes;

  CopyPhase(TensorGroup group, BlockSize size) {
    super(unitsOf(group.bytesToRead(), size.blockElements()));
    this.group = group;
    this.blockBytes = size.blockElements();
  }

  @Override
  TensorGroup group() {
    return group;
  }

  @Override
  void run(int unit, Worker worker) throws IOException {
    long first = (long) unit * blockBytes;
    worker.copyBytes(group, first, (int) Math.min(blockBytes, group.bytesToRead() - first));
  }
}
