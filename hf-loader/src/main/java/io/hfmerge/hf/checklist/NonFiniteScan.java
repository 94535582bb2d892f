package io.hfmerge.hf.checklist;

import io.hfmerge.hf.checksum.Readers;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;

/** Reads every element of tensors and counts those that are NaN or infinite. */
public final class NonFiniteScan {

  /** Elements that a thread takes at once. */
  private static final int BLOCK_ELEMENTS = 1 << 18;

  private record Block(int tensor, long begin, int length) {}

  private final Checkpoint checkpoint;
  private final List<TensorSpec> tensors;
  private final List<Block> blocks = new ArrayList<>();
  private final ProgressListener listener;
  private final AtomicInteger next = new AtomicInteger();
  private final NonFiniteCounts counts;

  private NonFiniteScan(
      Checkpoint checkpoint, List<TensorSpec> tensors, ProgressListener listener) {
    this.checkpoint = checkpoint;
    this.tensors = tensors;
    this.listener = listener;
    this.counts = new NonFiniteCounts(tensors);
    for (int i = 0; i < tensors.size(); i++) {
      long elements = tensors.get(i).shape().elements();
      for (long at = 0; at < elements; at += BLOCK_ELEMENTS) {
        blocks.add(new Block(i, at, (int) Math.min(BLOCK_ELEMENTS, elements - at)));
      }
    }
  }

  /**
   * Counts.
   *
   * @param tensors of float dtypes
   * @param threads at least 1
   * @param listener hears of the bytes read, but not of beginning and end
   * @return number of elements that are not finite by tensor, for those that have any
   * @throws IOException if a tensor cannot be read
   */
  public static Map<TensorSpec, Long> of(
      Checkpoint checkpoint, List<TensorSpec> tensors, int threads, ProgressListener listener)
      throws IOException {
    NonFiniteScan scan = new NonFiniteScan(checkpoint, List.copyOf(tensors), listener);
    List<Callable<Boolean>> workers = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      workers.add(scan::work);
    }
    Readers.run(threads, workers);
    return scan.counts.found();
  }

  private Boolean work() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(BLOCK_ELEMENTS * 8L, 64);
      for (int i = next.getAndIncrement(); i < blocks.size(); i = next.getAndIncrement()) {
        Block block = blocks.get(i);
        TensorSpec tensor = tensors.get(block.tensor());
        int size = tensor.dtype().bytes();
        MemorySegment bytes = buffer.asSlice(0, (long) block.length() * size);
        checkpoint.read(tensor.name(), block.begin() * size, bytes);
        counts.add(block.tensor(), bytes);
        listener.advanced(bytes.byteSize());
      }
      return true;
    } catch (IOException | RuntimeException | Error e) {
      next.set(blocks.size()); // the others need not go on
      throw e;
    }
  }
}
