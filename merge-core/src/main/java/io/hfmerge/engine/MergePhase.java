package io.hfmerge.engine;

import io.hfmerge.method.TileKernel;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Computes the tensors of a group with their kernels, block by block, and writes them. */
final class MergePhase extends Phase {

  private final TensorGroup group;
  private final List<TileKernel> kernels;
  private final PhaseOpener opener;
  private final BlockSize size;
  private final long progressBytes;

  /**
   * Cuts the group into blocks.
   *
   * @param kernels one for each member of the group
   * @param opener hears what the kernels find
   * @param progressBytes what the whole phase counts as progress: the bytes it reads, and those of
   *     passes of statistics that were announced and did not come
   */
  MergePhase(
      TensorGroup group,
      List<TileKernel> kernels,
      PhaseOpener opener,
      BlockSize size,
      long progressBytes) {
    super(unitsOf(group.elements(), size.blockElements()));
    this.group = group;
    this.kernels = kernels;
    this.opener = opener;
    this.size = size;
    this.progressBytes = progressBytes;
  }

  @Override
  TensorGroup group() {
    return group;
  }

  @Override
  void run(int unit, Worker worker) throws IOException {
    long first = (long) unit * size.blockElements();
    int length = (int) Math.min(size.blockElements(), group.elements() - first);
    worker.merge(group, kernels, first, length, size, progress(first + length) - progress(first));
  }

  @Override
  @Nullable Phase after() {
    collectRemarks();
    return null;
  }

  /** Notes what the kernels have found so far. */
  void collectRemarks() {
    opener.collectRemarks(group, kernels);
  }

  /** Progress up to an element. */
  private long progress(long element) {
    return (long) ((double) element / group.elements() * progressBytes);
  }

  List<TileKernel> kernels() {
    return kernels;
  }

  BlockSize size() {
    return size;
  }
}
