package io.hfmerge.hf.output;

import io.hfmerge.method.BaseModelUse;
import io.hfmerge.method.MergeMethod;
import io.hfmerge.method.MethodDescription;
import io.hfmerge.method.StatisticsPass;
import io.hfmerge.method.TensorContext;
import io.hfmerge.method.TensorMerge;
import io.hfmerge.method.TileKernel;
import java.util.List;

/** A toy that looks at a tensor before it merges it: takes the mean off the delta. */
final class MeanDeltaMethod implements MergeMethod {

  @Override
  public MethodDescription description() {
    return new MethodDescription(
        "mean_delta", "delta without its mean", List.of(), BaseModelUse.REQUIRED, 1, 1, List.of());
  }

  @Override
  public TensorMerge prepare(TensorContext context) {
    return new MeanPass(context.output().elements());
  }

  private record MeanPass(long elements) implements StatisticsPass<double[]> {

    @Override
    public double[] newPartial() {
      return new double[1];
    }

    @Override
    public void accept(double[] partial, float[][] inputs, int length, long firstElement) {
      for (int i = 0; i < length; i++) {
        partial[0] += inputs[1][i] - inputs[0][i];
      }
    }

    @Override
    public double[] fold(double[] before, double[] next) {
      before[0] += next[0];
      return before;
    }

    @Override
    public TensorMerge next(double[] all) {
      double mean = all[0] / elements;
      TileKernel kernel =
          (inputs, out, length, first) -> {
            for (int i = 0; i < length; i++) {
              out[i] = (float) (inputs[1][i] - mean);
            }
          };
      return kernel;
    }
  }
}
