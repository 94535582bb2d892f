package io.hfmerge.hf.safetensors;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Lets the disk work while files are still being written, so that little is left to force at the
 * end. Owns a thread until closed.
 *
 * <p>On Linux the kernel is told to begin writing ({@link StartWriteback}), which holds up nobody.
 * Elsewhere the file is forced, which is slower: writers wait for it again and again. Neither says
 * that anything is safe; that is for the final force, which also reports what failed.
 */
final class WriteBehind implements AutoCloseable {

  /** Enough for the disk to work in long runs, little enough to begin early. */
  private static final long STARTED_BYTES = 32L << 20;

  /** The same where each time makes writers wait. */
  private static final long FORCED_BYTES = 256L << 20;

  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("hfmerge-write-behind").factory());

  private final @Nullable StartWriteback writeback = StartWriteback.INSTANCE;
  private final long interval = writeback == null ? FORCED_BYTES : STARTED_BYTES;
  private final AtomicLong pending = new AtomicLong();
  private final AtomicBoolean busy = new AtomicBoolean();

  /** Hears that bytes were handed to a file. */
  void written(Path file, FileChannel channel, long bytes) {
    if (pending.addAndGet(bytes) >= interval && busy.compareAndSet(false, true)) {
      pending.set(0);
      thread.execute(() -> write(file, channel));
    }
  }

  private void write(Path file, FileChannel channel) {
    try {
      if (writeback == null || !writeback.start(file)) {
        channel.force(false);
      }
    } catch (IOException e) {
      // the file is closed after a failure elsewhere, or the final force fails in the same way
      System.getLogger(WriteBehind.class.getName()).log(System.Logger.Level.DEBUG, "early", e);
    } finally {
      busy.set(false);
    }
  }

  /** Waits for what is under way. */
  @Override
  public void close() {
    // never interrupted: that would close the channel
    thread.shutdown();
    boolean interrupted = false;
    while (true) {
      try {
        if (thread.awaitTermination(1, TimeUnit.DAYS)) {
          break;
        }
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
