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
    return of(TensorGroup.of(plans), plans.stream().map(MergePlan::method).toList());
  }

  static MergeReading of(List<TensorGroup> groups, List<MergeMethod> methods) {
    long once = 0;
    long all = 0;
    for (TensorGroup group : groups) {
      once += group.bytesToRead();
      all += PhaseOpener.allPassesBytes(group, PhaseOpener.steps(group, methods));
    }
    return new MergeReading(once, all);
  }
}
