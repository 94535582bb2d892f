package io.hfmerge.testing;

import io.hfmerge.progress.ProgressListener;
import java.util.concurrent.atomic.AtomicLong;

/** Counts what it hears of a piece of work. Thread-safe. */
public final class CountingListener implements ProgressListener {

  private final AtomicLong announced = new AtomicLong();
  private final AtomicLong advanced = new AtomicLong();
  private final AtomicLong finished = new AtomicLong();

  @Override
  public void started(String task, long totalBytes) {
    announced.set(totalBytes);
  }

  @Override
  public void advanced(long bytes) {
    advanced.addAndGet(bytes);
  }

  @Override
  public void finished() {
    finished.incrementAndGet();
  }

  /** Bytes that the last work announced. */
  public AtomicLong announced() {
    return announced;
  }

  /** Bytes that all work went through. */
  public AtomicLong advanced() {
    return advanced;
  }

  /** How many pieces of work were finished. */
  public AtomicLong finishes() {
    return finished;
  }
}
