package io.hfmerge.engine;

import io.hfmerge.method.MergeMethod;
import io.hfmerge.method.StatisticsPass;
import io.hfmerge.method.TensorMerge;
import io.hfmerge.method.TileKernel;
import io.hfmerge.plan.CopiedTensor;
import io.hfmerge.plan.MergedTensor;
import io.hfmerge.plan.PlannedTensor;

/** Makes the phases of tensors. */
record PhaseOpener(MergeMethod method, MergeOptions options) {

  /** The first phase of a tensor. */
  Phase open(PlannedTensor tensor) {
    OpenSources sources = new OpenSources(tensor);
    return switch (tensor) {
      case CopiedTensor copied -> new CopyPhase(copied, sources, options);
      case MergedTensor merged -> open(merged, sources, method.prepare(merged.context()));
    };
  }

  /** The phase for a step of a method. */
  Phase open(MergedTensor tensor, OpenSources sources, TensorMerge step) {
    return switch (step) {
      case TileKernel kernel -> new MergePhase(tensor, sources, kernel, options);
      case StatisticsPass<?> pass ->
          new StatisticsPhase<>(tensor, sources, pass, this, options.threads());
    };
  }
}
