package io.hfmerge.engine;

import io.hfmerge.method.BaseModelUse;
import io.hfmerge.method.MergeMethod;
import io.hfmerge.method.MethodDescription;
import io.hfmerge.method.StatisticsPass;
import io.hfmerge.method.TensorContext;
import io.hfmerge.method.TensorMerge;
import io.hfmerge.method.TileKernel;
import java.util.List;

/** A toy that looks at every third segment: subtracts the mean of what it saw. */
final class SamplingMethod implements MergeMethod {

  static final int SEGMENT = 2048;

  @Override
  public MethodDescription description() {
    return new MethodDescription(
        "sampling", "less the mean of a sample", List.of(), BaseModelUse.UNUSED, 1, 1, List.of());
  }

  @Override
  public TensorMerge prepare(TensorContext context) {
    return new StatisticsPass<double[]>() {
      @Override
      public double[] newPartial() {
        return new double[2];
      }

      @Override
      public long firstWanted(long element) {
        long segment = element / SEGMENT;
        return switch ((int) (segment % 3)) {
          case 0 -> (segment + 1) * SEGMENT;
          case 1 -> element;
          default -> (segment + 2) * SEGMENT;
        };
      }

      @Override
      public void accept(double[] partial, float[][] inputs, int length, long firstElement) {
        if (firstWanted(firstElement) != firstElement) {
          throw new IllegalStateException("not wanted: " + firstElement);
        }
        for (int i = 0; i < length; i++) {
          partial[0] += inputs[0][i];
        }
        partial[1] += length;
      }

      @Override
      public double[] fold(double[] before, double[] next) {
        before[0] += next[0];
        before[1] += next[1];
        return before;
      }

      @Override
      public TensorMerge next(double[] all) {
        double mean = all[1] == 0 ? 0 : all[0] / all[1];
        TileKernel kernel =
            (inputs, out, length, first) -> {
              for (int i = 0; i < length; i++) {
                out[i] = (float) (inputs[0][i] - mean);
              }
            };
        return kernel;
      }

      @Override
      public long segmentElements() {
        return SEGMENT;
      }
    };
  }
}
