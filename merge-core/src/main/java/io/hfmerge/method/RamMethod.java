package io.hfmerge.method;

import io.hfmerge.method.ParameterDescription.Scope;
import java.util.List;

/**
 * Adds changes that one model alone made in full, and changes that several made as their mean.
 *
 * <pre>
 * r   = b + sum_i a_i (x_i - b) / max(c, 1)        a_i = [ |x_i - b| > epsilon ], c = sum_i a_i
 *
 * Shape:   inputs and result (any), F32 tiles, F64 arithmetic.
 * Range:   epsilon from 0 on. It is absolute: values stored as BF16 near 0.03 are 1e-4 apart, so
 *          there the default asks whether a value changed at all.
 * NaN:     NaN in, NaN out. An infinity shared by base and model gives NaN.
 * Same:    models equal to the base give it back bit for bit; identical models come back bit for bit
 *          where they differ from the base by more than epsilon.
 * Cost:    about ten operations per model and element.
 * Source:  Yuan et al. 2026, arXiv:2601.13572, RAM.
 * Departs: none.
 * mergekit: same up to F32 rounding.
 * </pre>
 */
public final class RamMethod implements MergeMethod {

  static final ParameterDescription EPSILON =
      ParameterDescription.number(
              "epsilon", Scope.GLOBAL, 1e-5, "changes up to this size count as none")
          .within(0, Double.MAX_VALUE);

  static final Paper PAPER =
      new Paper(
          "Yuan et al. 2026, Behavior knowledge merge in reinforced agentic models", "2601.13572");

  private static final MethodDescription DESCRIPTION =
      new MethodDescription(
              "ram",
              "base plus changes of one model alone, plus the mean of changes of several",
              List.of(PAPER),
              BaseModelUse.REQUIRED,
              1,
              Integer.MAX_VALUE,
              List.of(EPSILON))
          .explained(
              """
              r = b + sum_i a_i (x_i - b) / max(c, 1)
              a_i = 1 where |x_i - b| > epsilon, else 0;  c = sum_i a_i
              """);

  @Override
  public MethodDescription description() {
    return DESCRIPTION;
  }

  @Override
  public TensorMerge prepare(TensorContext context) {
    double[] whole = new double[context.nonBase().length];
    java.util.Arrays.fill(whole, 1);
    return new ActiveChanges(context, context.parameters().number("epsilon")).kernel(whole);
  }
}
