package io.hfmerge.analysis;

import io.hfmerge.progress.ProgressListener;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Independent pieces of work spread over threads, the costliest first so that no thread ends long
 * after the others. Who waits may be interrupted; workers then stop after the piece in hand, and
 * waiting ends only when none of them touches the checkpoint any more.
 */
public final class WorkQueue {

  /** A piece of work that leaves its result where its owner finds it. */
  public interface Work {
    void run() throws IOException;
  }

  /** A queue without work. */
  public WorkQueue() {}

  private record Entry(double cost, long bytes, Work work) {}

  private final List<Entry> entries = new ArrayList<>();

  /** Adds a piece: its cost in any unit, and the bytes that it reports as progress. */
  public void add(double cost, long bytes, Work work) {
    entries.add(new Entry(cost, bytes, work));
  }

  /**
   * Does all of it.
   *
   * @param task what it is, for the progress
   * @throws IOException of the first piece that failed so
   * @throws InterruptedException if this thread was interrupted
   */
  public void run(String task, int threads, ProgressListener progress)
      throws IOException, InterruptedException {
    List<Entry> ordered = new ArrayList<>(entries);
    ordered.sort(Comparator.comparingDouble(Entry::cost).reversed());
    progress.started(task, entries.stream().mapToLong(Entry::bytes).sum());
    AtomicBoolean stop = new AtomicBoolean();
    ExecutorService pool =
        Executors.newFixedThreadPool(
            Math.clamp(ordered.size(), 1, threads),
            Thread.ofPlatform().name("spectra-", 0).factory());
    try {
      List<Future<?>> futures = new ArrayList<>();
      for (Entry entry : ordered) {
        futures.add(
            pool.submit(() -> {
              if (!stop.get()) {
                entry.work().run();
                progress.advanced(entry.bytes());
              }
              return null;
            }));
      }
      for (Future<?> future : futures) {
        future.get();
      }
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case IOException cause -> throw cause;
        case RuntimeException cause -> throw cause;
        case Error cause -> throw cause;
        case null, default -> throw new IllegalStateException(e.getCause());
      }
    } finally {
      stop.set(true);
      pool.shutdown();
      awaitWorkers(pool);
    }
    progress.finished();
  }

  /** Waits whatever happens: workers read memory that the caller is about to unmap. */
  private static void awaitWorkers(ExecutorService pool) {
    boolean interrupted = false;
    while (true) {
      try {
        if (pool.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS)) {
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
