package io.hfmerge.method;

import io.hfmerge.method.ParameterDescription.Scope;
import java.util.Arrays;
import java.util.List;

/**
 * Adds up task vectors, the differences of fine-tuned models to their base.
 *
 * <pre>
 * r = b + lambda/q sum_i w_i (x_i - b)        q = sum_i w_i with normalize, else 1
 *
 * Shape:   inputs and result (any), F32 tiles, F64 sums.
 * Range:   weight and lambda finite, of any sign. With normalize, |q| below 1e-8 counts as 1, which the
 *          report remarks on.
 * NaN:     NaN in, NaN out. An infinity shared by base and model gives NaN.
 * Same:    models equal to the base, or lambda 0, give the base back bit for bit (finite values).
 * Cost:    two additions and a multiplication per model and element.
 * Source:  Ilharco et al. 2023, arXiv:2212.04089, section 2: theta + lambda sum_t tau_t.
 * Departs: weights per model and normalize are mergekit's additions.
 * mergekit: same up to F32 rounding; density, int8_mask and rescale are accepted and unused there
 *          too.
 * </pre>
 */
public final class TaskArithmeticMethod implements MergeMethod {

  private static final MethodDescription DESCRIPTION =
      new MethodDescription(
              "task_arithmetic",
              "base plus a weighted sum of the differences of the models to it",
              List.of(
                  new Paper(
                      "Ilharco et al. 2023, Editing models with task arithmetic", "2212.04089")),
              BaseModelUse.REQUIRED,
              1,
              Integer.MAX_VALUE,
              List.of(
                  ParameterDescription.number(
                      "weight", Scope.PER_MODEL, null, "factor of the model's task vector"),
                  ParameterDescription.number(
                      "lambda", Scope.GLOBAL, 1.0, "factor of the sum of all task vectors"),
                  ParameterDescription.flag(
                      "normalize", false, "divide the sum by the sum of the weights"),
                  ParameterDescription.number(
                          "density", Scope.PER_MODEL, 1.0, "no effect: nothing is trimmed")
                      .within(0, 1)
                      .unused(),
                  ParameterDescription.flag("rescale", false, "no effect: nothing is trimmed")
                      .unused(),
                  ParameterDescription.flag("int8_mask", false, "no effect: no signs are elected")
                      .unused()))
          .explained(
              """
              r = b + lambda/q sum_i w_i (x_i - b)
              normalize: q = sum_i w_i, or 1 where that vanishes; otherwise q = 1
              """);

  @Override
  public MethodDescription description() {
    return DESCRIPTION;
  }

  @Override
  public TensorMerge prepare(TensorContext context) {
    TensorParameters parameters = context.parameters();
    int[] models = context.nonBase();
    double[] weights = weights(context);
    double divisor = parameters.flag("normalize") ? WeightSum.divisor(weights) : 1;
    double lambda = parameters.number("lambda");
    double[] coefficients = new double[models.length];
    for (int i = 0; i < models.length; i++) {
      coefficients[i] = weights[i] / divisor * lambda;
    }
    return new DeltaSumKernel(context.base(), models, coefficients, context.output().dtype());
  }

  @Override
  public List<String> remarks(TensorContext context) {
    if (context.parameters().flag("normalize") && WeightSum.vanishes(weights(context))) {
      return List.of(WeightSum.REMARK);
    }
    return List.of();
  }

  private static double[] weights(TensorContext context) {
    return Arrays.stream(context.nonBase())
        .mapToDouble(model -> context.parameters().number("weight", model))
        .toArray();
  }
}
