package io.hfmerge.engine;

import io.hfmerge.method.StatisticsPass;
import io.hfmerge.method.TileKernel;
import io.hfmerge.plan.CopiedTensor;
import io.hfmerge.plan.MergedTensor;
import io.hfmerge.plan.PlannedTensor;
import io.hfmerge.plan.TensorSource;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.tensor.CheckpointWriter;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorCodec;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The buffers of one thread and what is done with them. Owns native memory until closed, by the
 * thread that made it.
 *
 * <p>Memory: one tile of floats per model and one for the result; the encoded block; and one block
 * of the bytes of each source.
 *
 * <p>Blocks are read into native memory even where the source is mapped: it costs the same as
 * taking page faults on the way, readahead works, a file cut short is an error instead of a fault,
 * and the compiled kernels see one kind of memory.
 */
final class Worker implements AutoCloseable {

  private static final TileKernel COPY =
      (inputs, out, length, first) -> System.arraycopy(inputs[0], 0, out, 0, length);

  private final WorkQueue queue;
  private final PhaseOpener opener;
  private final CheckpointWriter writer;
  private final MergeJournal journal;
  private final RunStatistics statistics;
  private final ProgressListener listener;

  private final NativeBuffer encoded = new NativeBuffer();
  private final List<NativeBuffer> read = new ArrayList<>();
  private float[][] inputs = new float[0][];
  private float[] out = new float[0];
  private MemorySegment[] segments = new MemorySegment[0];

  Worker(
      WorkQueue queue,
      PhaseOpener opener,
      CheckpointWriter writer,
      MergeJournal journal,
      RunStatistics statistics,
      ProgressListener listener) {
    this.queue = queue;
    this.opener = opener;
    this.writer = writer;
    this.journal = journal;
    this.statistics = statistics;
    this.listener = listener;
  }

  /** Works until there is nothing left or the merge is stopped. */
  void run() throws IOException {
    try {
      for (WorkQueue.Work work = queue.next(); work != null; work = queue.next()) {
        switch (work) {
          case WorkQueue.Work.Unit(Phase phase, int index) -> phase.run(index, this);
          case WorkQueue.Work.Batch(List<PlannedTensor> tensors) -> {
            for (PlannedTensor tensor : tensors) {
              runWhole(tensor);
              completed(tensor);
            }
          }
        }
        PlannedTensor complete = queue.done(work);
        if (complete != null) {
          completed(complete);
        }
      }
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private void runWhole(PlannedTensor tensor) throws IOException {
    if (tensor.output().elements() == 0) {
      return;
    }
    checkStopped();
    for (@Nullable Phase phase = opener.open(tensor); phase != null; phase = phase.after()) {
      for (int unit = 0; unit < phase.units(); unit++) {
        phase.run(unit, this);
      }
    }
  }

  private void completed(PlannedTensor tensor) throws IOException {
    TensorSpec output = tensor.output();
    journal.completed(output, statistics.nonFinite(output.name()));
  }

  /** Leaves the current work if the merge was stopped. */
  void checkStopped() throws InterruptedIOException {
    if (queue.isStopped()) {
      throw new StoppedException();
    }
  }

  IOException interrupted(InterruptedException cause) {
    Thread.currentThread().interrupt();
    InterruptedIOException e = new InterruptedIOException("the merge was interrupted");
    e.initCause(cause);
    return e;
  }

  /** Merges and writes the elements {@code first} to {@code first + length - 1} of a tensor. */
  void merge(
      MergedTensor tensor,
      OpenSources sources,
      TileKernel kernel,
      long first,
      int length,
      int tileElements)
      throws IOException {
    block(tensor.output(), sources, kernel, first, length, tileElements);
  }

  /** Writes elements of a tensor in another dtype. */
  void convert(CopiedTensor tensor, OpenSources sources, long first, int length)
      throws IOException {
    block(tensor.output(), sources, COPY, first, length, MergeOptions.DEFAULT_TILE_ELEMENTS);
  }

  private void block(
      TensorSpec output,
      OpenSources sources,
      TileKernel kernel,
      long first,
      int length,
      int tileElements)
      throws IOException {
    long bytes = locate(sources, first, length);
    reserve(sources.size(), tileElements);
    DType dtype = output.dtype();
    MemorySegment target = encoded.atLeast(dtype.sizeBytes(length));
    long start = System.nanoTime();
    boolean finite = true;
    for (int done = 0; done < length; done += tileElements) {
      int tile = Math.min(tileElements, length - done);
      decode(sources, done, tile);
      kernel.merge(inputs, out, tile, first + done);
      finite &= TensorCodec.encode(dtype, out, target, dtype.sizeBytes(done), tile);
    }
    if (!finite) {
      countNonFinite(output, sources, kernel, target, first, length, tileElements);
    }
    statistics.computeNanos.add(System.nanoTime() - start);
    write(output, dtype.sizeBytes(first), target.asSlice(0, dtype.sizeBytes(length)));
    advance(bytes);
  }

  /** Reads what was encoded again; asks the kernel again where that is not what went in. */
  private void countNonFinite(
      TensorSpec output,
      OpenSources sources,
      TileKernel kernel,
      MemorySegment target,
      long first,
      int length,
      int tileElements) {
    long elements = 0;
    long produced = 0;
    long overflowed = 0;
    for (int done = 0; done < length; done += tileElements) {
      int tile = Math.min(tileElements, length - done);
      TensorCodec.decode(output.dtype(), target, output.dtype().sizeBytes(done), out, 0, tile);
      decode(sources, done, tile);
      long producedInTile = 0;
      for (int i = 0; i < tile; i++) {
        if (!Float.isFinite(out[i])) {
          elements++;
          producedInTile += allFinite(inputs, sources.size(), i) ? 1 : 0;
        }
      }
      if (producedInTile > 0) {
        // these were finite inputs, so every value lost to the dtype is one that the kernel made
        kernel.merge(inputs, out, tile, first + done);
        overflowed += producedInTile - made(inputs, sources.size(), out, tile);
        produced += producedInTile;
      }
    }
    if (elements > 0) {
      statistics.addNonFinite(
          new MergeReport.NonFinite(
              output.name(), output.dtype().name(), elements, produced, overflowed));
    }
  }

  /** How many results are no finite numbers although every input of theirs is one. */
  private static long made(float[][] inputs, int models, float[] results, int length) {
    long made = 0;
    for (int i = 0; i < length; i++) {
      if (!Float.isFinite(results[i]) && allFinite(inputs, models, i)) {
        made++;
      }
    }
    return made;
  }

  private static boolean allFinite(float[][] inputs, int models, int index) {
    for (int model = 0; model < models; model++) {
      if (!Float.isFinite(inputs[model][index])) {
        return false;
      }
    }
    return true;
  }

  /** Copies bytes of a tensor. */
  void copyBytes(CopiedTensor tensor, OpenSources sources, long offsetBytes, int length)
      throws IOException {
    MemorySegment bytes = encoded.atLeast(length).asSlice(0, length);
    read(tensor.source(), offsetBytes, bytes);
    write(tensor.output(), offsetBytes, bytes);
    advance(length);
  }

  /** Feeds elements to a statistics pass, in ascending order. */
  <P> void feed(
      MergedTensor tensor,
      OpenSources sources,
      StatisticsPass<P> pass,
      P partial,
      long first,
      long length,
      int tileElements)
      throws IOException {
    reserve(sources.size(), tileElements);
    int block = Tiles.roundUp(MergeOptions.DEFAULT_BLOCK_ELEMENTS, tileElements);
    for (long blockStart = 0; blockStart < length; blockStart += block) {
      checkStopped();
      int blockLength = (int) Math.min(block, length - blockStart);
      long bytes = locate(sources, first + blockStart, blockLength);
      long start = System.nanoTime();
      for (int done = 0; done < blockLength; done += tileElements) {
        int tile = Math.min(tileElements, blockLength - done);
        decode(sources, done, tile);
        pass.accept(partial, inputs, tile, first + blockStart + done);
      }
      statistics.computeNanos.add(System.nanoTime() - start);
      statistics.bytesRead.add(bytes);
    }
  }

  private void decode(OpenSources sources, int done, int tile) {
    for (int i = 0; i < sources.size(); i++) {
      DType dtype = sources.dtype(i);
      TensorCodec.decode(dtype, segments[i], dtype.sizeBytes(done), inputs[i], 0, tile);
    }
  }

  /** Reads the bytes of a block of every source; returns how many they are. */
  private long locate(OpenSources sources, long first, int length) throws IOException {
    if (segments.length < sources.size()) {
      segments = new MemorySegment[sources.size()];
    }
    long total = 0;
    for (int i = 0; i < sources.size(); i++) {
      long offset = sources.dtype(i).sizeBytes(first);
      long bytes = sources.dtype(i).sizeBytes(length);
      total += bytes;
      while (read.size() <= i) {
        read.add(new NativeBuffer());
      }
      segments[i] = read.get(i).atLeast(bytes);
      read(sources.get(i), offset, segments[i].asSlice(0, bytes));
    }
    return total;
  }

  private void reserve(int models, int tileElements) {
    if (inputs.length < models || out.length < tileElements) {
      int tile = Math.max(out.length, tileElements);
      inputs = new float[Math.max(models, inputs.length)][tile];
      out = new float[tile];
    }
  }

  private void read(TensorSource source, long offsetBytes, MemorySegment target)
      throws IOException {
    long start = System.nanoTime();
    source.input().checkpoint().read(source.tensor().name(), offsetBytes, target);
    statistics.readNanos.add(System.nanoTime() - start);
  }

  private void write(TensorSpec output, long offsetBytes, MemorySegment bytes) throws IOException {
    long start = System.nanoTime();
    writer.write(output.name(), offsetBytes, bytes);
    statistics.writeNanos.add(System.nanoTime() - start);
    statistics.bytesWritten.add(bytes.byteSize());
  }

  private void advance(long bytes) {
    statistics.bytesRead.add(bytes);
    listener.advanced(bytes);
  }

  @Override
  public void close() {
    encoded.close();
    read.forEach(NativeBuffer::close);
  }
}
