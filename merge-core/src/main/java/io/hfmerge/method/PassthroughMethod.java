package io.hfmerge.method;

import io.hfmerge.method.ParameterDescription.Scope;
import java.util.List;

/**
 * One model's tensors as they are, or scaled: for stacking layers of several models.
 *
 * <pre>
 * r = scale x
 *
 * Shape:   input and result (any), F32 tiles, F64 product.
 * Range:   scale finite, of any sign; 1 copies the tensor byte for byte.
 * NaN:     NaN in, NaN out.
 * Same:    scale 1 gives the model back, in every dtype.
 * Cost:    none with scale 1, else one multiplication per element.
 * Source:  none; known as frankenmerging.
 * Departs: none.
 * mergekit: same up to F32 rounding; a base model lends names and order here and is an error there.
 * </pre>
 */
public final class PassthroughMethod implements MergeMethod {

  private static final MethodDescription DESCRIPTION =
      new MethodDescription(
              "passthrough",
              "one model's tensors unchanged, or scaled: for stacking layers",
              List.of(),
              BaseModelUse.UNUSED,
              1,
              1,
              List.of(
                  ParameterDescription.number(
                      "scale", Scope.PER_MODEL, 1.0, "factor of the tensor; 1 copies its bytes")))
          .explained(
              """
              r = scale x
              """,
              "a base model lends names and order, where mergekit fails");

  @Override
  public MethodDescription description() {
    return DESCRIPTION;
  }

  @Override
  public TensorMerge prepare(TensorContext context) {
    double scale = context.parameters().number("scale", 0);
    return scale == 1
        ? new CopyOfInput(0)
        : new WeightedSumKernel(new double[] {scale}, context.output().dtype());
  }
}
