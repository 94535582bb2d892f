package io.hfmerge.engine;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * One pass over one tensor, cut into units that workers run in any order; handed out in ascending
 * order.
 */
abstract class Phase {

  private final int units;
  private final AtomicInteger remaining;

  /** Guarded by the work queue. */
  private int handedOut;

  private volatile boolean abandoned;

  Phase(long units) {
    this.units = Math.toIntExact(units);
    this.remaining = new AtomicInteger(this.units);
  }

  final int units() {
    return units;
  }

  /** The next unit; the caller holds the queue's lock. */
  final int handOut() {
    return handedOut++;
  }

  final boolean allHandedOut() {
    return handedOut >= units;
  }

  /** Counts a unit as done; true for the last one. */
  final boolean completeUnit() {
    return remaining.decrementAndGet() == 0;
  }

  /** Lets those go who wait for a unit that will never be done. */
  final void abandon() {
    abandoned = true;
  }

  final void checkAbandoned() throws StoppedException {
    if (abandoned) {
      throw new StoppedException();
    }
  }

  /** What this is a pass over. */
  abstract TensorGroup group();

  /** Runs one unit. */
  abstract void run(int unit, Worker worker) throws IOException;

  /** What follows once every unit is done; {@code null} at the end of the tensor. */
  @Nullable Phase after() {
    return null;
  }

  static long unitsOf(long elements, long unitElements) {
    return Math.ceilDiv(elements, unitElements);
  }
}
