package io.hfmerge.engine;

import io.hfmerge.plan.TensorSource;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Brings mapped files into the page cache a little before workers read them, on a thread of its
 * own, so that neither the disk nor arithmetic waits for the other. Where a few looks find
 * everything there already, there is no thread. Only a help: it changes nothing, and faults of
 * files are the workers' to find.
 */
final class ReadAhead implements AutoCloseable {

  private static final long CHUNK_BYTES = 2 << 20;

  /** Bytes of tensors that are brought in before the workers come to the first of them. */
  private static final long AHEAD_BYTES = 64 << 20;

  /** Tensors looked at to tell whether files are in the page cache, evenly spread. */
  private static final int LOOKS = 32;

  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  private final List<TensorGroup> groups;
  private final WorkQueue queue;
  private final Thread thread;
  private volatile boolean closed;

  private ReadAhead(List<TensorGroup> groups, WorkQueue queue) {
    this.groups = groups;
    this.queue = queue;
    this.thread = Thread.ofPlatform().name("hfmerge-read-ahead").daemon().unstarted(this::run);
  }

  /**
   * Begins.
   *
   * @param groups in the order in which the queue deals them out
   */
  static ReadAhead start(List<TensorGroup> groups, WorkQueue queue) {
    ReadAhead ahead = new ReadAhead(groups, queue);
    if (ahead.misses()) {
      ahead.thread.start();
    }
    return ahead;
  }

  private boolean misses() {
    int looks = Math.min(LOOKS, groups.size());
    for (int look = 0; look < looks; look++) {
      TensorGroup group = groups.get((int) ((long) look * groups.size() / looks));
      for (TensorSource source : group.sources()) {
        long bytes = source.tensor().sizeBytes();
        MemorySegment mapped = mapped(source, bytes / 2, Math.min(1, bytes));
        if (mapped.byteSize() > 0 && !mapped.isLoaded()) {
          return true;
        }
      }
    }
    return false;
  }

  /** Part of a tensor's mapped memory; empty where it has none. */
  private static MemorySegment mapped(TensorSource source, long offset, long bytes) {
    return source
        .input()
        .checkpoint()
        .mapped(source.tensor().name())
        .filter(MemorySegment::isMapped)
        .map(all -> all.asSlice(offset, bytes))
        .orElse(MemorySegment.NULL);
  }

  private void run() {
    try {
      long ahead = 0; // bytes of tensors that were fetched and that no worker has begun with
      int begun = 0;
      for (int i = 0; i < groups.size(); i++) {
        fetch(groups.get(i));
        ahead += groups.get(i).bytesToRead();
        while (true) {
          for (int dealt = queue.dealt(); begun < dealt; begun++) {
            ahead -= groups.get(begun).bytesToRead();
          }
          if (closed || queue.isStopped()) {
            return;
          }
          if (ahead <= AHEAD_BYTES) {
            break;
          }
          LockSupport.parkNanos(PAUSE_NANOS);
        }
      }
    } catch (InternalError | IllegalStateException e) {
      return; // a file cut short or closed: the workers find it too
    }
  }

  private void fetch(TensorGroup group) {
    for (long offset = 0; !closed; offset += CHUNK_BYTES) {
      boolean more = false;
      for (TensorSource source : group.sources()) {
        long left = source.tensor().sizeBytes() - offset;
        if (left > 0) {
          more |= left > CHUNK_BYTES;
          fetch(source, offset, Math.min(left, CHUNK_BYTES));
        }
      }
      if (!more) {
        return;
      }
    }
  }

  private static void fetch(TensorSource source, long offset, long bytes) {
    MemorySegment chunk = mapped(source, offset, bytes);
    if (chunk.byteSize() > 0 && !chunk.isLoaded()) {
      chunk.load();
      chunk.unload(); // from this process, not from the cache
    }
  }

  /** Ends it, before the files are closed. */
  @Override
  public void close() throws IOException {
    closed = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw StoppedException.interrupted(e);
    }
  }
}
