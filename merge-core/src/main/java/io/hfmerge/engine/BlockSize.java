package io.hfmerge.engine;

import io.hfmerge.engine.TensorGroup.Member;
import io.hfmerge.method.TensorMerge;
import java.util.Collection;
import java.util.List;

/**
 * How one phase of a tensor is cut, so that a worker stays within its memory.
 *
 * @param tileElements elements that a kernel sees at once; 0 where there is no kernel
 * @param blockElements elements that are read at once; bytes where nothing is decoded
 * @param bytes memory that a worker takes for it
 * @param scratchBytes of it, what the method's step takes for itself
 */
record BlockSize(int tileElements, int blockElements, long bytes, long scratchBytes) {

  /** Statistics can be fed in pieces that small; below it a read costs more than its bytes. */
  private static final int MIN_FED_ELEMENTS = 1024;

  /** Bytes that each of the pieces in a worker's native memory begins at a multiple of. */
  static final int ALIGNMENT = 64;

  /**
   * For computing and writing. Blocks are whole tiles.
   *
   * @param steps kernels or, where they are not known yet, what leads to them
   * @param limit bytes that a worker has
   */
  static BlockSize ofMerge(
      TensorGroup group, List<TensorMerge> steps, MergeOptions options, long limit) {
    long elements = Math.max(1, group.elements());
    int tile =
        (int) Math.min(Tiles.roundUp(options.tileElements(), Tiles.granule(steps)), elements);
    long scratch = 0;
    for (TensorMerge step : steps) {
      scratch = Math.max(scratch, PhaseOpener.scratchBytes(step, tile, group));
    }
    long perElement = readPerElement(group) + writtenPerElement(group);
    long fixed =
        scratch
            + Float.BYTES * (long) tile * (group.sources().size() + 1)
            + (long) ALIGNMENT * (group.sources().size() + group.members().size());
    long wanted = Tiles.roundUp(options.blockElements(), tile);
    return fit(tile, tile, wanted, fixed, perElement, elements, limit).withScratch(scratch);
  }

  /**
   * For feeding statistics. Blocks need not be whole tiles.
   *
   * @param tiles tile size of each way of cutting that takes part
   * @param scratch what a thread takes beside them
   */
  static BlockSize ofStatistics(
      TensorGroup group,
      Collection<Integer> tiles,
      long scratch,
      MergeOptions options,
      long limit) {
    long elements = Math.max(1, group.elements());
    long tileElements = 0;
    int largest = 1;
    for (int tile : tiles) {
      tileElements += Math.min(tile, elements);
      largest = Math.max(largest, tile);
    }
    long fixed =
        scratch
            + Float.BYTES * tileElements * group.sources().size()
            + (long) ALIGNMENT * group.sources().size();
    long wanted = Math.max(options.blockElements(), MIN_FED_ELEMENTS);
    int step = (int) Math.min(MIN_FED_ELEMENTS, elements);
    return fit(largest, step, wanted, fixed, readPerElement(group), elements, limit)
        .withScratch(scratch);
  }

  /** For carrying bytes over. */
  static BlockSize ofCopy(MergeOptions options, long limit) {
    int block = Math.clamp(limit, 1, options.blockElements());
    return new BlockSize(0, block, block, 0);
  }

  /** As many steps as there is room for, at least one. */
  private static BlockSize fit(
      int tile, int step, long wanted, long fixed, long perElement, long elements, long limit) {
    long room = (limit - fixed) / perElement;
    long block = Math.max(step, Math.min(wanted, room / step * step));
    long bytes = fixed + Math.min(block, elements) * perElement;
    return new BlockSize(tile, Math.toIntExact(block), bytes, 0);
  }

  private BlockSize withScratch(long scratch) {
    return new BlockSize(tileElements, blockElements, bytes, scratch);
  }

  private static long readPerElement(TensorGroup group) {
    long bytes = 0;
    for (int i = 0; i < group.sources().size(); i++) {
      bytes += group.dtype(i).bytes();
    }
    return bytes;
  }

  private static long writtenPerElement(TensorGroup group) {
    long bytes = 0;
    for (Member member : group.members()) {
      bytes += member.isVerbatim() ? 0 : member.spec().dtype().bytes();
    }
    return bytes;
  }
}
