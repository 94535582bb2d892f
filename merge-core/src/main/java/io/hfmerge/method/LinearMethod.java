package io.hfmerge.method;

import io.hfmerge.error.InvalidRecipeException;
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
 *          magnitudes (see CANCELLED_WEIGHTS) is an error that names the tensor.
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

  /**
   * Weights of opposite sign have cancelled if their sum is this small against the sum of their
   * magnitudes: decimal fractions such as 0.1 + 0.2 - 0.3 leave about 1e-16, and a sum so small
   * would multiply rounding noise, F32's 6e-8 included, into the weights' own size.
   */
  static final double CANCELLED_WEIGHTS = 1e-8;

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
              ParameterDescription.flag("normalize", true, "divide by the sum of the weights")));

  @Override
  public MethodDescription description() {
    return DESCRIPTION;
  }

  @Override
  public TensorMerge prepare(TensorContext context) {
    TensorParameters parameters = context.parameters();
    double[] coefficients = new double[context.models().size()];
    double sum = 0;
    double magnitude = 0;
    boolean positive = false;
    boolean negative = false;
    for (int i = 0; i < coefficients.length; i++) {
      coefficients[i] = parameters.number("weight", i);
      sum += coefficients[i];
      magnitude += Math.abs(coefficients[i]);
      positive |= coefficients[i] > 0;
      negative |= coefficients[i] < 0;
    }
    if (!parameters.flag("normalize")) {
      return new WeightedSumKernel(coefficients, context.output().dtype());
    }
    if (Math.abs(sum) <= CANCELLED_WEIGHTS * magnitude) {
      throw new InvalidRecipeException(
          "tensor \""
              + context.output().name()
              + "\": the weights of the models that have it add up to "
              + sum
              + ", so they cannot be normalised; change them or set normalize: false");
    }
    for (int i = 0; i < coefficients.length; i++) {
      coefficients[i] /= sum;
    }
    return positive && negative
        ? new AnchoredMeanKernel(coefficients, context.output().dtype())
        : new WeightedSumKernel(coefficients, context.output().dtype());
  }
}
