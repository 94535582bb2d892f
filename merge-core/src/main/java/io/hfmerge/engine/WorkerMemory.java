package io.hfmerge.engine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The memory of one worker, which grows on demand: tiles of floats on the heap and native memory
 * for bytes. What one phase needed and the next does not is given up before both together pass the
 * limit. For one thread at a time.
 */
final class WorkerMemory implements AutoCloseable {

  private final long limit;
  private float[][] inputs = new float[0][];
  private float[] out = new float[0];
  private @Nullable Arena arena;
  private MemorySegment memory = MemorySegment.NULL;

  WorkerMemory(long limit) {
    this.limit = limit;
  }

  /**
   * Makes room.
   *
   * @param models number of tiles beside that of the result
   * @param tileElements length of a tile
   * @param bytes size of native memory
   * @param elsewhere bytes that the worker's current work holds beside this
   * @return native memory of at least that size; what an earlier call returned may be gone
   */
  MemorySegment reserve(int models, int tileElements, long bytes, long elsewhere) {
    boolean tilesFit = inputs.length >= models && out.length >= tileElements;
    boolean bytesFit = memory.byteSize() >= bytes;
    long heap = tilesFit ? heapBytes(inputs.length, out.length) : heapBytes(models, tileElements);
    long room = limit - elsewhere;
    if (tilesFit && heap + Math.max(bytes, memory.byteSize()) > room) {
      tilesFit = heapBytes(models, tileElements) >= heap;
      heap = heapBytes(models, tileElements);
    }
    if (!tilesFit) {
      inputs = new float[models][tileElements];
      out = new float[tileElements];
    }
    if (!bytesFit || (memory.byteSize() > bytes && heap + memory.byteSize() > room)) {
      close();
      // shared, since a computed checkpoint's worker is closed by another thread
      Arena grown = Arena.ofShared();
      arena = grown;
      memory = grown.allocate(bytes, BlockSize.ALIGNMENT);
    }
    return memory;
  }

  private static long heapBytes(int models, int tileElements) {
    return Float.BYTES * (long) tileElements * (models + 1);
  }

  /** Tiles per source; at least as many, and as long, as were last asked for. */
  float[][] inputs() {
    return inputs;
  }

  /** The tile of results. */
  float[] out() {
    return out;
  }

  @Override
  public void close() {
    if (arena != null) {
      arena.close();
      arena = null;
      memory = MemorySegment.NULL;
    }
  }
}
