package io.hfmerge.engine;

import io.hfmerge.engine.TensorGroup.Member;
import io.hfmerge.method.TileKernel;
import io.hfmerge.plan.TensorSource;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.tensor.CheckpointWriter;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorCodec;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;

/**
 * The buffers of one thread and what is done with them. Owns native memory until closed.
 *
 * <p>Memory: one tile of floats per source and one for the result; one block of the bytes of each
 * source; and the encoded block of each output.
 *
 * <p>Blocks are read into native memory even where the source is mapped: it costs the same as
 * taking page faults on the way, readahead works, a file cut short is an error instead of a fault,
 * and the compiled kernels see one kind of memory.
 */
final class Worker implements AutoCloseable {

  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final BooleanSupplier stopped;
  private final List<CheckpointWriter> writers;
  private final RunStatistics run;
  private final List<OutputStatistics> outputs;
  private final ProgressListener listener;

  private final WorkerMemory memory;
  private MemorySegment[] segments = new MemorySegment[0];
  private MemorySegment[] results = new MemorySegment[0];

  /**
   * @param stopped whether to leave the current work
   * @param writers one for each output; none where results are only computed
   * @param outputs one for each output
   * @param memoryBytes see {@link WorkerMemory}
   */
  Worker(
      BooleanSupplier stopped,
      List<CheckpointWriter> writers,
      RunStatistics run,
      List<OutputStatistics> outputs,
      ProgressListener listener,
      long memoryBytes) {
    this.stopped = stopped;
    this.writers = writers;
    this.run = run;
    this.outputs = outputs;
    this.listener = listener;
    this.memory = new WorkerMemory(memoryBytes);
  }

  /** Leaves the current work if the merge was stopped. */
  void checkStopped() throws InterruptedIOException {
    if (stopped.getAsBoolean()) {
      throw new StoppedException();
    }
  }

  /**
   * Merges and writes the elements {@code first} to {@code first + length - 1} of a group.
   *
   * @param size how the group is cut
   * @param progressBytes what the listener hears
   */
  void merge(
      TensorGroup group,
      List<TileKernel> kernels,
      long first,
      int length,
      BlockSize size,
      long progressBytes)
      throws IOException {
    long bytes = compute(group, kernels, first, length, size);
    for (int i = 0; i < group.members().size(); i++) {
      Member member = group.members().get(i);
      write(member, member.spec().dtype().sizeBytes(first), results[i]);
    }
    run.bytesRead.add(bytes);
    listener.advanced(progressBytes);
  }

  /**
   * Computes elements of a group; {@link #result} then gives them.
   *
   * @param kernels one for each member
   * @param size how the group is cut
   * @return bytes read
   */
  long compute(TensorGroup group, List<TileKernel> kernels, long first, int length, BlockSize size)
      throws IOException {
    int tileElements = size.tileElements();
    int models = group.sources().size();
    long bytes = locate(group, allSources(group), first, length, tileElements, size.scratchBytes());
    float[][] inputs = memory.inputs();
    float[] out = memory.out();
    List<Member> members = group.members();
    float[][][] selected = new float[members.size()][][];
    boolean[] finite = new boolean[members.size()];
    for (int i = 0; i < members.size(); i++) {
      selected[i] = members.get(i).select(inputs);
      finite[i] = true;
    }
    long start = System.nanoTime();
    for (int done = 0; done < length; done += tileElements) {
      int tile = Math.min(tileElements, length - done);
      for (int model = 0; model < models; model++) {
        DType dtype = group.dtype(model);
        TensorCodec.decode(dtype, segments[model], dtype.sizeBytes(done), inputs[model], 0, tile);
      }
      for (int i = 0; i < selected.length; i++) {
        Member member = members.get(i);
        if (!member.isVerbatim()) {
          DType dtype = member.spec().dtype();
          kernels.get(i).merge(selected[i], out, tile, first + done);
          finite[i] &= TensorCodec.encode(dtype, out, results[i], dtype.sizeBytes(done), tile);
        }
      }
    }
    for (int i = 0; i < finite.length; i++) {
      if (!finite[i]) {
        countNonFinite(
            group, members.get(i), kernels.get(i), results[i], first, length, tileElements);
      }
    }
    run.computeNanos.add(System.nanoTime() - start);
    return bytes;
  }

  /** The bytes that a member has after {@link #compute}, valid until the next call. */
  MemorySegment result(int member) {
    return results[member];
  }

  /** Reads what was encoded again; asks the kernel again where that is not what went in. */
  private void countNonFinite(
      TensorGroup group,
      Member member,
      TileKernel kernel,
      MemorySegment result,
      long first,
      int length,
      int tileElements) {
    float[][] inputs = memory.inputs();
    float[][] own = member.select(inputs);
    float[] out = memory.out();
    DType dtype = member.spec().dtype();
    long elements = 0;
    long produced = 0;
    long overflowed = 0;
    for (int done = 0; done < length; done += tileElements) {
      int tile = Math.min(tileElements, length - done);
      TensorCodec.decode(dtype, result, dtype.sizeBytes(done), out, 0, tile);
      for (int i = 0; i < member.sources(); i++) {
        int source = member.source(i);
        DType from = group.dtype(source);
        TensorCodec.decode(from, segments[source], from.sizeBytes(done), inputs[source], 0, tile);
      }
      long producedInTile = 0;
      for (int i = 0; i < tile; i++) {
        if (!Float.isFinite(out[i])) {
          elements++;
          producedInTile += allFinite(group, member, own, done, i) ? 1 : 0;
        }
      }
      if (producedInTile > 0) {
        // these were finite inputs, so every value lost to the dtype is one that the kernel made
        kernel.merge(own, out, tile, first + done);
        overflowed += producedInTile - made(group, member, done, tile);
        produced += producedInTile;
      }
    }
    if (elements > 0) {
      outputs
          .get(member.output())
          .addNonFinite(
              new MergeReport.NonFinite(
                  member.spec().name(), dtype.name(), elements, produced, overflowed));
    }
  }

  /** How many results are no finite numbers although every input of theirs is one. */
  private long made(TensorGroup group, Member member, int done, int length) {
    float[][] inputs = member.select(memory.inputs());
    float[] results = memory.out();
    long made = 0;
    for (int i = 0; i < length; i++) {
      if (!Float.isFinite(results[i]) && allFinite(group, member, inputs, done, i)) {
        made++;
      }
    }
    return made;
  }

  /**
   * Whether the sources have finite numbers at an element. Numbers stored as F64 that F32, in which
   * tiles are, does not hold are finite.
   *
   * @param inputs tiles of the member's sources, decoded
   * @param done elements of the block before the tile
   */
  private boolean allFinite(
      TensorGroup group, Member member, float[][] inputs, int done, int index) {
    for (int i = 0; i < inputs.length; i++) {
      int source = member.source(i);
      boolean finite =
          group.dtype(source) == DType.F64
              ? Double.isFinite(
                  segments[source].get(DOUBLE, DType.F64.sizeBytes((long) done + index)))
              : Float.isFinite(inputs[i][index]);
      if (!finite) {
        return false;
      }
    }
    return true;
  }

  /** Copies bytes of a group's one source to all its members. */
  void copyBytes(TensorGroup group, long offsetBytes, int length) throws IOException {
    MemorySegment bytes = memory.reserve(0, 0, length, 0).asSlice(0, length);
    read(group.sources().getFirst(), offsetBytes, bytes);
    for (Member member : group.members()) {
      write(member, offsetBytes, bytes);
    }
    run.bytesRead.add(length);
    listener.advanced(length);
  }

  /**
   * Feeds elements to statistics passes, in ascending order.
   *
   * @param sources which of the group's sources they look at
   * @param first a multiple of every track's segment
   * @param counts whether the bytes read count as progress
   */
  void feed(
      TensorGroup group,
      BitSet sources,
      List<StatisticsTrack<?>> tracks,
      long first,
      long length,
      BlockSize size,
      boolean counts)
      throws IOException {
    Map<Integer, TileFeeder> feeders = new TreeMap<>();
    for (StatisticsTrack<?> track : tracks) {
      int tile = (int) Math.min(track.tileElements(), length);
      feeders.computeIfAbsent(tile, key -> new TileFeeder(group, sources, key)).add(track.feed());
    }
    long tiles = feeders.values().stream().mapToLong(TileFeeder::bytes).sum();
    int block = size.blockElements();
    for (long start = 0; start < length; start += block) {
      checkStopped();
      int blockLength = (int) Math.min(block, length - start);
      long bytes =
          locate(group, sources, first + start, blockLength, 0, tiles + size.scratchBytes());
      long nanos = System.nanoTime();
      for (TileFeeder feeder : feeders.values()) {
        feeder.accept(segments, blockLength, first + start);
      }
      run.computeNanos.add(System.nanoTime() - nanos);
      run.bytesRead.add(bytes);
      if (counts) {
        listener.advanced(bytes);
      }
    }
    feeders.values().forEach(TileFeeder::finish);
  }

  private static BitSet allSources(TensorGroup group) {
    BitSet all = new BitSet();
    all.set(0, group.sources().size());
    return all;
  }

  /**
   * Reads the bytes of a block of some sources, and makes room for tiles and results if there will
   * be any; returns how many were read.
   *
   * @param tileElements length of a tile; 0 where nothing is computed
   * @param elsewhere bytes that the current work holds in other places
   */
  private long locate(
      TensorGroup group, BitSet sources, long first, int length, int tileElements, long elsewhere)
      throws IOException {
    boolean withResults = tileElements > 0;
    int models = group.sources().size();
    List<Member> members = group.members();
    if (segments.length < models) {
      segments = new MemorySegment[models];
    }
    if (results.length < members.size()) {
      results = new MemorySegment[members.size()];
    }
    long room = 0;
    for (int i = 0; i < models; i++) {
      room += sources.get(i) ? aligned(group.dtype(i).sizeBytes(length)) : 0;
    }
    for (Member member : members) {
      room += withResults ? aligned(member.spec().dtype().sizeBytes(length)) : 0;
    }
    MemorySegment block = memory.reserve(withResults ? models : 0, tileElements, room, elsewhere);
    long total = 0;
    long place = 0;
    for (int i = 0; i < models; i++) {
      if (sources.get(i)) {
        DType dtype = group.dtype(i);
        long bytes = dtype.sizeBytes(length);
        segments[i] = block.asSlice(place, bytes);
        read(group.sources().get(i), dtype.sizeBytes(first), segments[i]);
        place += aligned(bytes);
        total += bytes;
      }
    }
    for (int i = 0; withResults && i < members.size(); i++) {
      Member member = members.get(i);
      long bytes = member.spec().dtype().sizeBytes(length);
      if (member.isVerbatim()) {
        results[i] = segments[member.source(0)];
      } else {
        results[i] = block.asSlice(place, bytes);
        place += aligned(bytes);
      }
    }
    return total;
  }

  private static long aligned(long bytes) {
    return Math.ceilDiv(bytes, BlockSize.ALIGNMENT) * BlockSize.ALIGNMENT;
  }

  private void read(TensorSource source, long offsetBytes, MemorySegment target)
      throws IOException {
    long start = System.nanoTime();
    source.input().checkpoint().read(source.tensor().name(), offsetBytes, target);
    run.readNanos.add(System.nanoTime() - start);
  }

  private void write(Member member, long offsetBytes, MemorySegment bytes) throws IOException {
    long start = System.nanoTime();
    writers.get(member.output()).write(member.spec().name(), offsetBytes, bytes);
    run.writeNanos.add(System.nanoTime() - start);
    outputs.get(member.output()).bytesWritten.add(bytes.byteSize());
  }

  @Override
  public void close() {
    memory.close();
  }
}
