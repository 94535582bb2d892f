package io.hfmerge.method;

import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.method.InnerProducts.Sum;
import io.hfmerge.method.ParameterDescription.Scope;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * The Karcher mean of the models' directions on the unit sphere, at their mean length.
 *
 * <pre>
 * u    = sum_i x_i/|x_i|, scaled to length 1
 * u    = exp_u( 1/m sum_i log_u(x_i/|x_i|) )     until the step is shorter than tol, or max_iter times
 * r    = u 1/n sum_i |x_i|                       n models, m of them not zero
 *
 * Shape:   inputs and result (any), each tensor one vector; F32 tiles, F64 sums. The iteration runs
 *          on coefficients, see {@link SphericalMean}: one pass over the tensor, whatever max_iter.
 * Range:   max_iter a whole number from 0 to 1000, tol from 0 to 1. Zero tensors count in the length
 *          only; all zero gives zero. A model opposite to the mean so far has no direction to pull
 *          in and is passed over; two opposite models give the direction of the first. The
 *          report tells of these cases, and of an iteration that max_iter stopped.
 * NaN:     NaN or infinity in an input is an error that names tensor and model.
 * Same:    identical models come back bit for bit.
 * Cost:    two passes: n squares and n (n - 1) / 2 squared differences per element, then one
 *          multiply-add per model.
 * Source:  Wang, Ye and Yin 2026, arXiv:2603.04972, the spherical proxy with norms preserved.
 * Departs: all models count the same.
 * mergekit: same up to F32 rounding, but: a base model is averaged in there, unless it is listed
 *          this needs {@code compat: mergekit} here; and tensors with a norm up to tol count as
 *          zero, which makes zeros of a tensor that is short in all models ({@code compat:
 *          mergekit} gives that too).
 * </pre>
 */
public final class KarcherMethod implements MergeMethod {

  private static final int MOST_ITERATIONS = 1000;

  private static final MethodDescription DESCRIPTION =
      new MethodDescription(
              "karcher",
              "mean of the models' directions on the sphere, at their mean length",
              List.of(
                  new Paper(
                      "Wang et al. 2026, Functionality-oriented LLM merging on the Fisher-Rao"
                          + " manifold",
                      "2603.04972")),
              BaseModelUse.MODEL_IN_MERGEKIT,
              1,
              Integer.MAX_VALUE,
              List.of(
                  ParameterDescription.number(
                          "max_iter", Scope.GLOBAL, 10.0, "most steps of the iteration")
                      .within(0, MOST_ITERATIONS),
                  ParameterDescription.number(
                          "tol", Scope.GLOBAL, 1e-5, "angles and steps below it count as zero")
                      .within(0, 1)))
          .explained(
              """
              u <- sum_i x_i/|x_i|, scaled to length 1
              u <- exp_u( mean_i log_u(x_i/|x_i|) )    until the step is below tol, or max_iter times
              r  = u mean_i |x_i|
              """,
              "a base model is not averaged in unless it is listed (compat: mergekit averages it)",
              "only zero tensors count as zero; mergekit takes norms up to tol for zero, and makes"
                  + " zeros of a tensor that is so short in all models (compat: mergekit)");

  /** For the report. */
  static final String ZERO = "some model is zero; it counts in the length, not in the direction";

  /** For the report. */
  static final String SHORT =
      "the norm of some model is at most tol; it counts as zero (compat: mergekit)";

  private record Parameters(int steps, double tolerance) {

    static Parameters of(TensorContext context) {
      double steps = context.parameters().number("max_iter");
      if (steps != Math.rint(steps)) {
        throw new InvalidRecipeException(
            "tensor \""
                + context.output().name()
                + "\": max_iter: expected a whole number, found "
                + steps);
      }
      return new Parameters((int) steps, context.parameters().number("tol"));
    }
  }

  @Override
  public MethodDescription description() {
    return DESCRIPTION;
  }

  @Override
  public TensorMerge prepare(TensorContext context) {
    Parameters parameters = Parameters.of(context);
    int n = context.models().size();
    if (n == 1) {
      return new CopyOfInput(0);
    }
    double leastNorm = context.compatibility() == Compatibility.MERGEKIT ? parameters.tolerance : 0;
    int[] models = new int[n];
    List<Sum> sums = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      models[i] = i;
      sums.add(new Sum.Product(i, i));
      for (int j = 0; j < i; j++) {
        sums.add(new Sum.SquaredDistance(i, j));
      }
    }
    return new InnerProductPass(
        context,
        models,
        TensorContext.NO_BASE,
        sums.toArray(Sum[]::new),
        totals -> {
          List<String> remarks = new ArrayList<>();
          double[] coefficients = coefficients(parameters, leastNorm, n, totals, remarks);
          return LinearCombination.of(
                  models, TensorContext.NO_BASE, coefficients, context.output().dtype())
              .withRemarks(remarks);
        });
  }

  private static double[] coefficients(
      Parameters parameters, double leastNorm, int n, double[] totals, Collection<String> remarks) {
    double[] norms = new double[n];
    double[][] squaredDistances = new double[n][n];
    int next = 0;
    for (int i = 0; i < n; i++) {
      norms[i] = Math.sqrt(totals[next++]);
      for (int j = 0; j < i; j++) {
        squaredDistances[i][j] = totals[next];
        squaredDistances[j][i] = totals[next++];
      }
    }
    double length = 0;
    List<Integer> kept = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      length += norms[i] / n;
      if (norms[i] > leastNorm) {
        kept.add(i);
      }
    }
    double[] coefficients = new double[n];
    if (length > 0 && kept.size() < n) {
      remarks.add(leastNorm == 0 ? ZERO : SHORT);
    }
    if (kept.isEmpty()) {
      return coefficients;
    }
    double[][] versines = new double[kept.size()][kept.size()];
    for (int a = 0; a < kept.size(); a++) {
      for (int b = 0; b < a; b++) {
        int i = kept.get(a);
        int j = kept.get(b);
        double versine = SphericalMean.versine(norms[i], norms[j], squaredDistances[i][j]);
        versines[a][b] = versine;
        versines[b][a] = versine;
      }
    }
    double[] mean =
        new SphericalMean(versines, parameters.tolerance).coefficients(parameters.steps, remarks);
    for (int a = 0; a < mean.length; a++) {
      int i = kept.get(a);
      coefficients[i] = length * mean[a] / norms[i];
    }
    return coefficients;
  }
}
