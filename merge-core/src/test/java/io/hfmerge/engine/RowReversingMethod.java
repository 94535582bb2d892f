package io.hfmerge.engine;

import io.hfmerge.method.BaseModelUse;
import io.hfmerge.method.MergeMethod;
import io.hfmerge.method.MethodDescription;
import io.hfmerge.method.TensorContext;
import io.hfmerge.method.TensorMerge;
import io.hfmerge.method.TileKernel;
import java.util.List;

/** A toy that needs whole rows: reverses each. */
final class RowReversingMethod implements MergeMethod {

  @Override
  public MethodDescription description() {
    return new MethodDescription(
        "reverse", "reversed rows", List.of(), BaseModelUse.UNUSED, 1, 1, List.of());
  }

  @Override
  public TensorMerge prepare(TensorContext context) {
    List<Long> dimensions = context.output().shape().dimensions();
    int columns = (int) Math.max(1, dimensions.getLast());
    return new TileKernel() {
      @Override
      public void merge(float[][] inputs, float[] out, int length, long firstElement) {
        if (firstElement % columns != 0 || length % columns != 0) {
          throw new IllegalArgumentException("torn row at " + firstElement);
        }
        for (int i = 0; i < length; i++) {
          int column = i % columns;
          out[i] = inputs[0][i - column + columns - 1 - column];
        }
      }

      @Override
      public int granuleElements() {
        return columns;
      }
    };
  }
}
