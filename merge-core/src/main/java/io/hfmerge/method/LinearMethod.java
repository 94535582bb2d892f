package io.hfmerge.method;

import io.hfmerge.method.ParameterDescription.Scope;
import java.util.List;

/**
 * Weighted sum or mean of models.
 *
 * <pre>
 * r = sum_i w_i x_i        normalize: r / sum_i w_i, over the models that have the tensor
 *
 * Shape:   inputs and result (any), F32 tiles, F64 sums.
 * Range:   weight finite, of any sign. With normalize, a sum that vanishes against the sum of
 *          magnitudes (see Weights.CANCELLED) is an error that names the tensor.
 * NaN:     NaN in, NaN out, also with weight 0. An infinity of any model gives an infinity or NaN.
 * Same:    identical models come back bit for bit under normalize, zeros with their signs included.
 * Cost:    one multiply-add per model and element.
 * Source:  Wortsman et al. 2022, arXiv:2203.05482 (uniform soup: all weights equal).
 * Departs: none.
 * mergekit: same up to F32 rounding; a vanishing sum of weights gives infinities there. A base model
 *          that is not among the models lends its layout here and is an error there.
 * </pre>
 */
public final class LinearMethod implements MergeMethod {

  private static final MethodDescription DESCRIPTION =
      new MethodDescription(
              "linear",
              "weighted mean (or sum) of models",
              List.of(new Paper("Wortsman et al. 2022, Model soups", "2203.05482")),
              BaseModelUse.UNUSED,
              1,
              Integer.MAX_VALUE,
              List.of(
                  ParameterDescription.number(
                      "weight", Scope.PER_MODEL, null, "share of the model in the sum"),
                  ParameterDescription.flag("normalize", true, "divide by the sum of the weights")))
          .explained(
              """
              r = sum_i w_i x_i
              normalize: divided by sum_i w_i, over the models that have the tensor
              """,
              "a sum of weights that vanishes is an error, where mergekit divides by it",
              "a base model that is not among the models lends names and order, where mergekit"
                  + " fails");

  @Override
  public MethodDescription description() {
    return DESCRIPTION;
  }

  @Override
  public TensorMerge prepare(TensorContext context) {
    int[] models = new int[context.models().size()];
    for (int i = 0; i < models.length; i++) {
      models[i] = i;
    }
    double[] coefficients = Weights.of(context, models);
    if (!context.parameters().flag("normalize")) {
      return new WeightedSumKernel(coefficients, context.output().dtype());
    }
    coefficients = Weights.normalized(coefficients, context, "normalize");
    boolean positive = false;
    boolean negative = false;
    for (double coefficient : coefficients) {
      positive |= coefficient > 0;
      negative |= coefficient < 0;
    }
    return positive && negative
        ? new AnchoredMeanKernel(coefficients, context.output().dtype())
        : new WeightedSumKernel(coefficients, context.output().dtype());
  }
}
