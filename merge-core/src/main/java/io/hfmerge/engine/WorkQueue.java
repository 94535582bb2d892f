package io.hfmerge.engine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Deals the work of a plan out to workers in the plan's order: units of one large tensor, or
 * several small tensors at once. A tensor that needs several passes is finished before the next is
 * begun, as far as there is work for everybody.
 */
final class WorkQueue {

  /** Small tensors that a worker takes at once, whatever their size. */
  private static final int MAX_BATCH_TENSORS = 256;

  private final List<TensorGroup> tensors;
  private final Function<TensorGroup, Phase> opener;
  private final long blockElements;
  private final Deque<Phase> open = new ArrayDeque<>();
  private int cursor;
  private int outstanding;
  private boolean stopped;

  /** Work for one worker: a unit of a phase, or a batch of whole tensors. */
  sealed interface Work {

    record Unit(Phase phase, int index) implements Work {}

    record Batch(List<TensorGroup> tensors) implements Work {}
  }

  WorkQueue(List<TensorGroup> tensors, Function<TensorGroup, Phase> opener, long blockElements) {
    this.tensors = tensors;
    this.opener = opener;
    this.blockElements = blockElements;
  }

  /** The next work; waits while others may still make some; {@code null} when all is done. */
  synchronized @Nullable Work next() throws InterruptedException {
    while (!stopped) {
      Phase phase = open.peekFirst();
      if (phase != null) {
        int unit = phase.handOut();
        if (phase.allHandedOut()) {
          open.removeFirst();
        }
        outstanding++;
        return new Work.Unit(phase, unit);
      }
      if (cursor < tensors.size()) {
        if (isSmall(tensors.get(cursor))) {
          outstanding++;
          return new Work.Batch(batch());
        }
        open.addLast(opener.apply(tensors.get(cursor++)));
      } else if (outstanding == 0) {
        return null;
      } else {
        wait();
      }
    }
    return null;
  }

  private boolean isSmall(TensorGroup tensor) {
    return tensor.elements() <= blockElements;
  }

  private List<TensorGroup> batch() {
    List<TensorGroup> batch = new ArrayList<>();
    long elements = 0;
    while (cursor < tensors.size()
        && batch.size() < MAX_BATCH_TENSORS
        && isSmall(tensors.get(cursor))
        && (batch.isEmpty() || elements + tensors.get(cursor).elements() <= blockElements)) {
      elements += tensors.get(cursor).elements();
      batch.add(tensors.get(cursor++));
    }
    return batch;
  }

  /**
   * To be called when work from {@link #next} succeeded. What follows a pass, cuts from all that it
   * collected, is computed by the worker that ends it, while others begin with the next tensor.
   *
   * @return what it was the last unit of; {@code null} if there is more to do for it
   */
  @Nullable TensorGroup done(Work work) {
    if (!(work instanceof Work.Unit(Phase phase, int index)) || !phase.completeUnit()) {
      release(null);
      return null;
    }
    Phase following = phase.after();
    release(following);
    return following == null ? phase.group() : null;
  }

  private synchronized void release(@Nullable Phase following) {
    outstanding--;
    if (following != null) {
      open.addFirst(following);
    }
    notifyAll();
  }

  /** Gives no more work to anybody. */
  synchronized void stop() {
    stopped = true;
    notifyAll();
  }

  /** How many tensors somebody has begun with. */
  synchronized int dealt() {
    return cursor;
  }

  synchronized boolean isStopped() {
    return stopped;
  }
}
