package io.hfmerge.cli.plugin;

import io.hfmerge.method.BaseModelUse;
import io.hfmerge.method.MergeMethod;
import io.hfmerge.method.MethodDescription;
import io.hfmerge.method.TensorContext;
import io.hfmerge.method.TensorMerge;
import io.hfmerge.method.TileKernel;
import java.util.List;

/** Takes the largest value of each element. */
public final class LargestMethod implements MergeMethod {

  @Override
  public MethodDescription description() {
    return new MethodDescription(
        "largest",
        "largest value of each element",
        List.of(),
        BaseModelUse.UNUSED,
        1,
        9,
        List.of());
  }

  @Override
  public TensorMerge prepare(TensorContext context) {
    int models = context.models().size();
    TileKernel kernel =
        (inputs, out, length, firstElement) -> {
          for (int i = 0; i < length; i++) {
            float largest = inputs[0][i];
            for (int model = 1; model < models; model++) {
              largest = Math.max(largest, inputs[model][i]);
            }
            out[i] = largest;
          }
        };
    return kernel;
  }
}
