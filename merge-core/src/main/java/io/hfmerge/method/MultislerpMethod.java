package io.hfmerge.method;

import io.hfmerge.error.IncompatibleCheckpointsException;
import io.hfmerge.method.ParameterDescription.Scope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/**
 * The direction of the weighted mean of several models' directions, at the weighted mean of their
 * lengths.
 *
 * <pre>
 * r = (sum_i w_i |x_i|) M / |M|        M = sum_i w_i x_i / (|x_i| + eps)
 *     with a base, of x_i - b, and b + r
 *
 * Shape:   inputs and result (any), each tensor one vector; F32 tiles, F64 sums.
 * Range:   weights finite, of any sign; normalize_weights divides by their sum, which must not
 *          vanish. eps from 0 on. Directions cancel where |M| is below eps, or below CANCELLED times
 *          the weights, where F64 sums no longer resolve it: two models are then added up straight,
 *          more are an error that names the tensor. Tensors all shorter than eps, zeros among them,
 *          are added up straight. The report tells of both.
 * NaN:     NaN or infinity in an input is an error that names tensor and model.
 * Same:    identical models come back bit for bit with normalised weights of one sign, else up to
 *          F32 rounding; with a base, models equal to it give it back bit for bit.
 * Cost:    two passes: n (n + 1) / 2 products per element, then one multiply-add per model.
 * Source:  Goddard, Multi-SLERP (see the description). It projects onto the tangent space at the
 *          weighted mean m = M/|M|, averages there with the same weights and comes back by the
 *          exponential map. That average is M - (M, m) m = 0: nothing is left to come back from,
 *          which gives the formula above.
 * Departs: none, in numbers.
 * mergekit: same up to F32 rounding. Three or more models that are all zero are an error there.
 * </pre>
 */
public final class MultislerpMethod implements MergeMethod {

  /** |M| carries an error of some 1e-8 where directions of length 1 cancel: sums are F64. */
  static final double CANCELLED = 1e-7;

  private static final MethodDescription DESCRIPTION =
      new MethodDescription(
              "multislerp",
              "mean direction and mean length of several models or task vectors",
              List.of(
                  Paper.page(
                      "Goddard 2025, Multi-SLERP",
                      "https://goddard.blog/posts/multislerp-wow-what-a-cool-idea")),
              BaseModelUse.OPTIONAL,
              2,
              Integer.MAX_VALUE,
              List.of(
                  ParameterDescription.number(
                      "weight",
                      Scope.PER_MODEL,
                      null,
                      "share of the model in direction and length"),
                  ParameterDescription.flag(
                      "normalize_weights", true, "divide the weights by their sum"),
                  ParameterDescription.number(
                          "eps", Scope.GLOBAL, 1e-8, "lengths and sums below it count as none")
                      .within(0, Double.MAX_VALUE)))
          .explained(
              """
              r = (sum_i w_i |x_i|) M / |M|        M = sum_i w_i x_i / (|x_i| + eps)
              With a base, of x_i - b, and b is added. The original's detour through the tangent
              space at M/|M| adds zero, as its weights are those of M.
              """,
              "three or more models that are all zero give zero (with a base: the base), where"
                  + " mergekit stops");

  /** For the report. */
  static final String SHORT = "every vector is shorter than eps; they were added up straight";

  /** For the report. */
  static final String CANCEL = "the two directions cancel; the vectors were added up straight";

  /** Values in the order of the models. */
  private record Parameters(List<Double> weights, double eps) {

    static Parameters of(TensorContext context) {
      double[] weights = Weights.of(context, context.nonBase());
      boolean normalize = context.parameters().flag("normalize_weights");
      return new Parameters(
          Arrays.stream(
                  normalize ? Weights.normalized(weights, context, "normalize_weights") : weights)
              .boxed()
              .toList(),
          context.parameters().number("eps"));
    }

    double magnitude() {
      return weights.stream().mapToDouble(Math::abs).sum();
    }
  }

  @Override
  public MethodDescription description() {
    return DESCRIPTION;
  }

  @Override
  public TensorMerge prepare(TensorContext context) {
    Parameters parameters = Parameters.of(context);
    int[] models = context.nonBase();
    return InnerProductPass.gram(
        context,
        models,
        context.base(),
        gram -> {
          List<String> remarks = new ArrayList<>();
          double[] coefficients = coefficients(parameters, gram, context.output().name(), remarks);
          return LinearCombination.of(
                  models, context.base(), coefficients, context.output().dtype())
              .withRemarks(remarks);
        });
  }

  private static double[] coefficients(
      Parameters parameters, GramMatrix gram, String tensor, Collection<String> remarks) {
    double[] weights = parameters.weights.stream().mapToDouble(w -> w).toArray();
    double[] coefficients = new double[weights.length];
    double length = 0;
    double longest = 0;
    for (int i = 0; i < weights.length; i++) {
      double norm = gram.norm(i);
      longest = Math.max(longest, norm);
      length += weights[i] * norm;
      coefficients[i] = norm == 0 ? 0 : weights[i] / (norm + parameters.eps);
    }
    double mean = Math.sqrt(gram.squaredNorm(coefficients));
    if (longest < parameters.eps || longest == 0) {
      if (longest > 0) {
        remarks.add(SHORT);
      }
      return weights;
    }
    if (mean < Math.max(parameters.eps, CANCELLED * parameters.magnitude())) {
      if (weights.length == 2) {
        remarks.add(CANCEL);
        return weights;
      }
      throw new IncompatibleCheckpointsException(
          "tensor \""
              + tensor
              + "\": the weighted directions of the models cancel (their sum has length "
              + mean
              + "), so they have no mean direction; change the weights, leave a model out, or merge"
              + " this tensor with linear");
    }
    for (int i = 0; i < coefficients.length; i++) {
      coefficients[i] *= length / mean;
    }
    return coefficients;
  }
}
