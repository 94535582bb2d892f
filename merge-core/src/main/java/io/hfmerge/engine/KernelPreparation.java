package io.hfmerge.engine;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The way to one tensor's kernel: its passes of statistics, whose units are shared by all threads
 * that wait for the kernel. Thread-safe.
 */
final class KernelPreparation {

  private record Unit(Phase phase, int index) {}

  private Phase current;
  private @Nullable Throwable failure;

  /** Begins with the tensor's first phase. */
  KernelPreparation(Phase first) {
    this.current = first;
  }

  /**
   * Works on what is left to do, or waits for those who do.
   *
   * @param worker the calling thread's
   * @return the phase that computes the tensor
   * @throws IOException if an input could not be read, by this thread or another one
   */
  MergePhase await(Worker worker) throws IOException {
    for (Unit unit = next(); ; unit = next()) {
      if (unit.phase() instanceof MergePhase ready) {
        return ready;
      }
      try {
        unit.phase().run(unit.index(), worker);
        finish(unit.phase());
      } catch (StoppedException e) {
        fail(unit.phase(), e); // tells the cause if it is another thread's, in the next round
      } catch (IOException | RuntimeException | Error e) {
        fail(unit.phase(), e);
        throw e;
      }
    }
  }

  private synchronized Unit next() throws IOException {
    try {
      while (failure == null && !(current instanceof MergePhase) && current.allHandedOut()) {
        wait();
      }
    } catch (InterruptedException e) {
      throw StoppedException.interrupted(e);
    }
    if (failure != null) {
      throw new IOException("statistics were not gathered: " + failure.getMessage(), failure);
    }
    return current instanceof MergePhase
        ? new Unit(current, 0)
        : new Unit(current, current.handOut());
  }

  private synchronized void finish(Phase phase) {
    if (phase.completeUnit()) {
      Phase next = phase.after();
      if (next == null) {
        throw new IllegalStateException("statistics without a kernel");
      }
      current = next;
      notifyAll();
    }
  }

  private synchronized void fail(Phase phase, Throwable cause) {
    if (failure == null) {
      failure = cause;
    }
    phase.abandon();
    notifyAll();
  }
}
