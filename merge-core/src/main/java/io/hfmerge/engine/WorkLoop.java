package io.hfmerge.engine;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What each thread of a merge does: takes work from the queue until there is none.
 *
 * @param opener makes the phases of small tensors, which a worker takes whole
 * @param completion hears of each tensor that is complete
 */
record WorkLoop(WorkQueue queue, PhaseOpener opener, Completion completion) {

  /** What is to be done once the last unit of a tensor's last phase is. */
  @FunctionalInterface
  interface Completion {
    void completed(TensorGroup group) throws IOException;
  }

  /** Works until there is nothing left or the merge is stopped. */
  void run(Worker worker) throws IOException {
    try {
      for (WorkQueue.Work work = queue.next(); work != null; work = queue.next()) {
        switch (work) {
          case WorkQueue.Work.Unit(Phase phase, int index) -> phase.run(index, worker);
          case WorkQueue.Work.Batch(List<TensorGroup> groups) -> {
            for (TensorGroup group : groups) {
              runWhole(opener, group, worker);
              completion.completed(group);
            }
          }
        }
        TensorGroup complete = queue.done(work);
        if (complete != null) {
          completion.completed(complete);
        }
      }
    } catch (InterruptedException e) {
      throw StoppedException.interrupted(e);
    }
  }

  /** Runs all phases of a tensor in the calling thread. */
  static void runWhole(PhaseOpener opener, TensorGroup group, Worker worker) throws IOException {
    if (group.elements() == 0) {
      return;
    }
    worker.checkStopped();
    for (@Nullable Phase phase = opener.open(group); phase != null; phase = phase.after()) {
      for (int unit = 0; unit < phase.units(); unit++) {
        phase.run(unit, worker);
      }
    }
  }
}
