package io.hfmerge.engine;

import io.hfmerge.plan.MergePlan;
import io.hfmerge.tensor.CheckpointWriter;

/**
 * One of the outputs that a run makes.
 *
 * @param plan what to do; its inputs must be open
 * @param writer has declared {@link MergePlan#layout()}; stays its opener's to finish and close
 * @param journal what earlier runs completed, which is left as it is; hears of each further tensor
 */
public record MergeOutput(MergePlan plan, CheckpointWriter writer, MergeJournal journal) {

  /** From the beginning. */
  public MergeOutput(MergePlan plan, CheckpointWriter writer) {
    this(plan, writer, MergeJournal.NONE);
  }
}
