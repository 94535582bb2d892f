package io.hfmerge.hf.hub;

import io.hfmerge.progress.ProgressListener;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/** How a thread waits before it tries again. */
interface Pauses {

  /**
   * Waits.
   *
   * @throws CancellationException if the work was cancelled meanwhile
   * @throws InterruptedIOException if the thread was interrupted
   */
  void pause(Duration time) throws InterruptedIOException;

  /** Real waiting, which a cancellation ends at once. */
  static Pauses of(BooleanSupplier cancelled) {
    return time -> {
      long end = System.nanoTime() + time.toNanos();
      for (long left = time.toNanos(); left > 0; left = end - System.nanoTime()) {
        HubClient.requireGoingOn(cancelled);
        try {
          Thread.sleep(Duration.ofNanos(Math.min(left, HubClient.POLL.toNanos())));
        } catch (InterruptedException e) {
          throw HubClient.interrupted(e);
        }
      }
    };
  }

  /** The same, and long waits are told. */
  default Pauses told(ProgressListener listener, Duration from) {
    return time -> {
      if (time.compareTo(from) >= 0) {
        listener.notice("waiting " + time.toSeconds() + " s before asking the Hub again");
      }
      pause(time);
    };
  }
}
