package io.hfmerge.method;

import io.hfmerge.method.ParameterDescription.Scope;
import java.util.List;

/**
 * As {@link RamMethod}, with changes of one model alone enlarged, the more the larger a part of the
 * model's changes collides with those of others.
 *
 * <pre>
 * r     = b + sum_i a_i (x_i - b) (lambda_i if c = 1, else 1/c)    a_i = [ |x_i - b| > epsilon ]
 * lambda_i = 1 + r clip(rho_i, 0, alpha)                           c   = sum_i a_i
 * rho_i = #(a_i and c > 1) / max(#(a_i and c = 1), epsilon)        over the tensor
 *
 * Shape:   inputs and result (any), F32 tiles, F64 arithmetic.
 * Range:   epsilon and alpha from 0 on, r finite.
 * NaN:     NaN in an element of an input gives NaN there and counts as no change elsewhere. An
 *          infinity shared by base and model gives NaN.
 * Same:    models equal to the base give it back bit for bit.
 * Cost:    two passes of about ten operations per model and element.
 * Source:  Yuan et al. 2026, arXiv:2601.13572, RAM+.
 * Departs: rho is taken per tensor ("tl", tensor-local), as in mergekit, not over the whole model.
 * mergekit: same up to F32 rounding.
 * </pre>
 */
public final class RamPlusTlMethod implements MergeMethod {

  private static final MethodDescription DESCRIPTION =
      new MethodDescription(
              "ramplus_tl",
              "ram with changes of one model alone enlarged by how much it overlaps others",
              List.of(RamMethod.PAPER),
              BaseModelUse.REQUIRED,
              1,
              Integer.MAX_VALUE,
              List.of(
                  RamMethod.EPSILON,
                  ParameterDescription.number(
                      "r", Scope.GLOBAL, 0.1, "strength of the enlargement"),
                  ParameterDescription.number(
                          "alpha", Scope.GLOBAL, 0.2, "largest overlap that counts")
                      .within(0, Double.MAX_VALUE)))
          .explained(
              """
              r = b + sum_i a_i (x_i - b) (lambda_i if c = 1, else 1/c)
              a_i = 1 where |x_i - b| > epsilon, else 0;  c = sum_i a_i
              lambda_i = 1 + r min(rho_i, alpha)
              rho_i = shared changes of i (c > 1) per change of its own (c = 1), over the tensor
              """);

  private record Parameters(double epsilon, double strength, double largestOverlap) {

    static Parameters of(TensorContext context) {
      return new Parameters(
          context.parameters().number("epsilon"),
          context.parameters().number("r"),
          context.parameters().number("alpha"));
    }

    double factor(double shared, double own) {
      return 1 + strength * Math.min(shared / Math.max(own, epsilon), largestOverlap);
    }
  }

  @Override
  public MethodDescription description() {
    return DESCRIPTION;
  }

  @Override
  public TensorMerge prepare(TensorContext context) {
    Parameters parameters = Parameters.of(context);
    ActiveChanges changes = new ActiveChanges(context, parameters.epsilon);
    return changes.count((shared, own) -> {
      double[] factors = new double[own.length];
      for (int i = 0; i < factors.length; i++) {
        // nothing shared and nothing of its own, with epsilon 0: there is nothing to enlarge
        factors[i] = shared[i] == 0 ? 1 : parameters.factor(shared[i], own[i]);
      }
      return changes.kernel(factors);
    });
  }
}
