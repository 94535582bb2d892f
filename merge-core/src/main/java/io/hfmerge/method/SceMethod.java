package io.hfmerge.method;

import io.hfmerge.method.ParameterDescription.Scope;
import java.util.List;

/**
 * Select, calculate, erase: keeps the elements on which the models differ most, weighs each model
 * by what it changed there, and drops changes against the majority's sign.
 *
 * <pre>
 * d_i = x_i - b, zero outside the select_topk (share of the elements whose variance over the models
 *       is not 0) of largest variance
 * g_i = mean of d_i^2 over the tensor, divided by their sum
 * r   = b + sum_i m_i g_i d_i / max(sum_i m_i g_i, LEAST_WEIGHT)
 * m_i = [ d_i has the sign of sum_j d_j ], where 0 counts as +; d_i = 0 never has
 *
 * Shape:   inputs and result (any), F32 tiles, F64 arithmetic. Variances are ranked as F32; of equal
 *          ones at the limit the first in the tensor are kept.
 * Range:   select_topk from 0 on; 0 gives the base, 1 and more keep all. Models equal to the base
 *          give it.
 * NaN:     NaN or infinity in an input is an error that names the tensor.
 * Same:    models equal to the base give it back bit for bit. With select_topk 1, identical models
 *          come back bit for bit; with less, the base, as nothing varies.
 * Cost:    with select_topk 1 two passes; else four, or five where equal variances straddle the
 *          limit.
 * Source:  Wan et al. 2024, FuseChat, arXiv:2408.07990, section 3.3 (SCE).
 * Departs: none.
 * mergekit: same up to F32 rounding, but uniform g where they add up to less than 1e-6, as squares
 *          of usual task vectors do ({@code compat: mergekit} gives that).
 * </pre>
 */
public final class SceMethod implements MergeMethod {

  /** mergekit's least sum of weights of one element, against division by zero. */
  static final double LEAST_WEIGHT = 1e-6;

  /** Sum of mean squares below which mergekit weighs all models alike. */
  static final double MERGEKIT_LEAST_SQUARES = 1e-6;

  /** For the report. */
  static final String NOTHING =
      "select_topk selects no element, since too few differ between the models; the base was taken";

  /** For the report. */
  static final String UNIFORM =
      "the mean squares add up to less than 1e-6; all models weigh alike (compat: mergekit)";

  private static final MethodDescription DESCRIPTION =
      new MethodDescription(
              "sce",
              "most varying elements, models weighed by their changes, signs by majority",
              List.of(
                  new Paper(
                      "Wan et al. 2024, FuseChat: knowledge fusion of chat models", "2408.07990")),
              BaseModelUse.REQUIRED,
              1,
              Integer.MAX_VALUE,
              List.of(
                  ParameterDescription.number(
                          "select_topk",
                          Scope.GLOBAL,
                          1.0,
                          "share kept of the elements that differ between models")
                      .within(0, Double.MAX_VALUE),
                  ParameterDescription.flag("int8_mask", false, "no effect: signs take no memory")
                      .unused()))
          .explained(
              """
              d_i = x_i - b, zero but for the elements of largest variance over the models:
                    select_topk times the number of those that vary at all
              g_i = mean of d_i^2, divided by their sum over the models
              r   = b + sum_i m_i g_i d_i / max(sum_i m_i g_i, 1e-6)
              m_i = 1 where d_i has the sign of sum_j d_j (0 counts as +), else 0
              """,
              "small task vectors are weighed like large ones; mergekit weighs all models alike where"
                  + " the mean squares add up to less than 1e-6, as they nearly always do (compat:"
                  + " mergekit)");

  @Override
  public MethodDescription description() {
    return DESCRIPTION;
  }

  @Override
  public TensorMerge prepare(TensorContext context) {
    double share = context.parameters().number("select_topk");
    if (share <= 0) {
      return new CopyOfInput(context.base());
    }
    SceWeights weights = new SceWeights(context);
    if (share >= 1) {
      return weights.pass(null);
    }
    long elements = context.output().elements();
    ElementScore variance = new ModelVariance(context.nonBase());
    return RankedScores.pass(
        variance,
        elements,
        zeros -> {
          long keep = (long) Math.floor(share * (elements - zeros));
          return keep == 0 ? new long[0] : new long[] {elements - keep};
        },
        found ->
            found.length == 0
                ? new CopyOfInput(context.base()).withRemarks(List.of(NOTHING))
                : TopScores.from(variance, found[0], weights::pass),
        () -> InnerProductPass.notFinite(context, context.nonBase()[0], context.base()));
  }
}
