package io.hfmerge.engine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Native memory that grows on demand and is freed by {@link #close}; for one thread. */
final class NativeBuffer implements AutoCloseable {

  private @Nullable Arena arena;
  private MemorySegment memory = MemorySegment.NULL;

  /** Memory of at least that size; what an earlier call returned may be gone. */
  MemorySegment atLeast(long bytes) {
    if (memory.byteSize() < bytes) {
      close();
      Arena grown = Arena.ofConfined();
      arena = grown;
      memory = grown.allocate(bytes, Long.BYTES);
    }
    return memory;
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
