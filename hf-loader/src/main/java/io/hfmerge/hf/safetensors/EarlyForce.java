package io.hfmerge.hf.safetensors;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Forces files to the disk in the background while they are still being written, so that the disk
 * works during the merge and little is left to force at its end. Owns a thread until closed.
 * Failures are not lost: the final force of the same file reports them.
 */
final class EarlyForce implements AutoCloseable {

  /** Enough for the disk to work in long runs, little enough to begin early. */
  private static final long INTERVAL_BYTES = 256L << 20;

  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("hfmerge-force").factory());

  private final AtomicLong pending = new AtomicLong();

  /** Hears that bytes were handed to a file. */
  void written(FileChannel channel, long bytes) {
    if (pending.addAndGet(bytes) >= INTERVAL_BYTES) {
      pending.set(0);
      thread.execute(() -> force(channel));
    }
  }

  private static void force(FileChannel channel) {
    try {
      channel.force(false);
    } catch (IOException e) {
      // the file is closed after a failure elsewhere, or the final force fails in the same way
      System.getLogger(EarlyForce.class.getName()).log(System.Logger.Level.DEBUG, "early force", e);
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
