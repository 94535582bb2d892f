package io.hfmerge.engine;

import io.hfmerge.method.TileKernel;
import io.hfmerge.plan.MergedTensor;
import java.io.IOException;

/** Computes a tensor with a kernel, block by block, and writes it. */
final class MergePhase extends Phase {

  private final MergedTensor tensor;
  private final OpenSources sources;
  private final TileKernel kernel;
  private final int tileElements;
  private final int blockElements;

  MergePhase(MergedTensor tensor, OpenSources sources, TileKernel kernel, MergeOptions options) {
    int tile = Tiles.elements(kernel, options.tileElements());
    int block = Tiles.roundUp(options.blockElements(), tile);
    super(unitsOf(tensor.output().elements(), block));
    this.tensor = tensor;
    this.sources = sources;
    this.kernel = kernel;
    this.tileElements = tile;
    this.blockElements = block;
  }

  @Override
  MergedTensor tensor() {
    return tensor;
  }

  @Override
  void run(int unit, Worker worker) throws IOException {
    long first = (long) unit * blockElements;
    int length = (int) Math.min(blockElements, tensor.output().elements() - first);
    worker.merge(tensor, sources, kernel, first, length, tileElements);
  }
}
