package io.hfmerge.engine;

import io.hfmerge.method.MergeMethod;
import io.hfmerge.plan.MergePlan;
import java.util.List;

/**
 * What a run reads.
 *
 * @param onePassBytes bytes of all sources, each counted once however many outputs it serves
 * @param allPassesBytes the same with the passes of statistics that methods announce
 */
public record MergeReading(long onePassBytes, long allPassesBytes) {

  /** For outputs that are made in one run. */
  public static MergeReading of(List<MergePlan> plans) {
    return of(TensorGroup.of(plans), plans);
  }

  /**
   * The same for some tensors only.
   *
   * @param groups what is merged; surveys look at all tensors of the plans nevertheless
   */
  static MergeReading of(List<TensorGroup> groups, List<MergePlan> plans) {
    List<MergeMethod> methods = plans.stream().map(MergePlan::method).toList();
    long once = 0;
    long all = Surveys.bytesToRead(plans);
    for (TensorGroup group : groups) {
      once += group.bytesToRead();
      all += PhaseOpener.allPassesBytes(group, PhaseOpener.steps(group, methods));
    }
    return new MergeReading(once, all);
  }
}
