package io.hfmerge.engine;

import io.hfmerge.engine.TensorGroup.Member;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What each thread of a merge does: takes work from the queue until there is none.
 *
 * @param opener makes the phases of small tensors, which a worker takes whole
 * @param journals one for each output
 * @param statistics one for each output
 */
record WorkLoop(
    WorkQueue queue,
    PhaseOpener opener,
    List<MergeJournal> journals,
    List<OutputStatistics> statistics) {

  /** Works until there is nothing left or the merge is stopped. */
  void run(Worker worker) throws IOException {
    try {
      for (WorkQueue.Work work = queue.next(); work != null; work = queue.next()) {
        switch (work) {
          case WorkQueue.Work.Unit(Phase phase, int index) -> phase.run(index, worker);
          case WorkQueue.Work.Batch(List<TensorGroup> groups) -> {
            for (TensorGroup group : groups) {
              runWhole(group, worker);
              completed(group);
            }
          }
        }
        TensorGroup complete = queue.done(work);
        if (complete != null) {
          completed(complete);
        }
      }
    } catch (InterruptedException e) {
      throw StoppedException.interrupted(e);
    }
  }

  private void runWhole(TensorGroup group, Worker worker) throws IOException {
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

  private void completed(TensorGroup group) throws IOException {
    for (Member member : group.members()) {
      TensorSpec tensor = member.spec();
      OutputStatistics output = statistics.get(member.output());
      output.addRemarks(tensor.name(), member.remarksOfSources());
      journals.get(member.output()).completed(tensor, output.findings(tensor.name()));
    }
  }
}
