package io.hfmerge.engine;

import io.hfmerge.method.BaseModelUse;
import io.hfmerge.method.MergeMethod;
import io.hfmerge.method.MethodDescription;
import io.hfmerge.method.StatisticsPass;
import io.hfmerge.method.TensorContext;
import io.hfmerge.method.TensorMerge;
import io.hfmerge.method.TileKernel;
import java.util.List;

/**
 * A toy that needs two passes of statistics: first the mean of the delta, then the Frobenius norm
 * of what is left without it; adds that, scaled to norm 1, to the base.
 */
final class FrobeniusMethod implements MergeMethod {

  @Override
  public MethodDescription description() {
    return new MethodDescription(
        "frobenius", "unit delta", List.of(), BaseModelUse.REQUIRED, 1, 1, List.of());
  }

  @Override
  public TensorMerge prepare(TensorContext context) {
    return new SumPass(0, false, context.output().elements());
  }

  private record SumPass(double mean, boolean squares, long elements)
      implements StatisticsPass<double[]> {

    @Override
    public double[] newPartial() {
      return new double[1];
    }

    @Override
    public void accept(double[] partial, float[][] inputs, int length, long firstElement) {
      for (int i = 0; i < length; i++) {
        double value = (double) inputs[1][i] - inputs[0][i] - mean;
        partial[0] += squares ? value * value : value;
      }
    }

    @Override
    public double[] fold(double[] before, double[] next) {
      before[0] += next[0];
      return before;
    }

    @Override
    public TensorMerge next(double[] all) {
      if (!squares) {
        return new SumPass(all[0] / elements, true, elements);
      }
      double norm = Math.sqrt(all[0]);
      TileKernel kernel =
          (inputs, out, length, first) -> {
            for (int i = 0; i < length; i++) {
              out[i] =
                  (float) (inputs[0][i] + ((double) inputs[1][i] - inputs[0][i] - mean) / norm);
            }
          };
      return kernel;
    }

    @Override
    public long segmentElements() {
      return 5000;
    }
  }
}
