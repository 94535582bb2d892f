package io.hfmerge.hf.checksum;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Threads that read files or tensors. */
public final class Readers {

  private Readers() {}

  /**
   * Runs all tasks on that many threads.
   *
   * @return their results, in their order
   * @throws IOException the first task's, in their order, that failed; {@link
   *     InterruptedIOException} if the caller was interrupted
   */
  public static <T> List<T> run(int threads, List<Callable<T>> tasks) throws IOException {
    try (ExecutorService pool =
        Executors.newFixedThreadPool(
            threads, Thread.ofPlatform().daemon().name("hfmerge-reader-", 0).factory())) {
      List<T> results = new ArrayList<>();
      for (Future<T> task : pool.invokeAll(tasks)) {
        results.add(task.get());
      }
      return results;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while files were read");
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case IOException io -> throw io;
        case RuntimeException bug -> throw bug;
        case Error error -> throw error;
        case null, default -> throw new IOException("a reader failed", e);
      }
    }
  }
}
