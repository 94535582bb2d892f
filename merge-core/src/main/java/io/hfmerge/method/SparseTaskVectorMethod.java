package io.hfmerge.method;

import io.hfmerge.method.ParameterDescription.Scope;
import io.hfmerge.method.TaskVectorParameters.OfModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What methods have in common that thin out task vectors before they add them:
 *
 * <pre>
 * d_i = x_i - b;  s_i = entries of d_i that stay;  v_i = w_i r_i s_i
 * without election:  D = sum_i v_i                      q = sum_i w_i, 1 if |q| &lt; 1e-8
 * with election:     e = sign(sum_i v_i), + if zero
 *                    D = sum of v_i with sign e         q = sum of w_i of these, 1 if zero
 * r = b + lambda D          normalize: r = b + lambda D / q
 * </pre>
 *
 * <p>What differs is how entries are chosen and the factor r_i ({@link Sparsification}).
 */
abstract sealed class SparseTaskVectorMethod implements MergeMethod
    permits TiesMethod,
        DareLinearMethod,
        DareTiesMethod,
        BreadcrumbsMethod,
        BreadcrumbsTiesMethod,
        DellaMethod,
        DellaLinearMethod {

  private final MethodDescription description;
  private final Sparsification sparsification;
  private final boolean consensus;

  /**
   * @param sparsification how entries are chosen and rescaled
   * @param consensus whether signs are elected
   */
  SparseTaskVectorMethod(
      MethodDescription description, Sparsification sparsification, boolean consensus) {
    this.description = description;
    this.sparsification = sparsification;
    this.consensus = consensus;
  }

  static MethodDescription describe(
      String name, String summary, List<Paper> papers, List<ParameterDescription> parameters) {
    return new MethodDescription(
        name, summary, papers, BaseModelUse.REQUIRED, 1, Integer.MAX_VALUE, parameters);
  }

  /** The parameters of methods that can trim over all tensors. */
  static List<ParameterDescription> withTrim(List<ParameterDescription> parameters) {
    List<ParameterDescription> all = new ArrayList<>(parameters);
    all.add(
        ParameterDescription.choice(
            TaskVectorParameters.TRIM,
            TaskVectorParameters.TRIMS,
            "whether entries are ranked within their tensor or among those of all tensors"));
    return all;
  }

  /** The parameters of methods that drop outliers. */
  static List<ParameterDescription> withGamma(List<ParameterDescription> parameters) {
    return with(
        parameters,
        ParameterDescription.number(
            TaskVectorParameters.GAMMA,
            Scope.PER_MODEL,
            0.01,
            "share of the task vector's largest entries, which are dropped"));
  }

  /** The parameters of methods that draw with unequal probabilities. */
  static List<ParameterDescription> withEpsilon(List<ParameterDescription> parameters) {
    return with(
        parameters,
        ParameterDescription.number(
            TaskVectorParameters.EPSILON,
            Scope.PER_MODEL,
            0.15,
            "how far the probability of a row's largest entry to stay lies above the density, and"
                + " that of the smallest below"));
  }

  private static List<ParameterDescription> with(
      List<ParameterDescription> parameters, ParameterDescription share) {
    List<ParameterDescription> all = new ArrayList<>(parameters);
    all.add(share.within(0, 1));
    return all;
  }

  @Override
  public final MethodDescription description() {
    return description;
  }

  @Override
  public final TensorMerge prepare(TensorContext context) {
    return prepare(context, GlobalTrim.UNKNOWN);
  }

  private TaskVectorParameters parameters(TensorContext context) {
    return TaskVectorParameters.of(context, description);
  }

  private TensorMerge prepare(TensorContext context, GlobalTrim trim) {
    TaskVectorParameters parameters = parameters(context);
    Sparsification chosen = parameters.globalTrim() ? trim : sparsification;
    return chosen.choose(
        context, parameters, sparsifiers -> sum(context, parameters, chosen, sparsifiers));
  }

  @Override
  public final Optional<Survey<?>> survey(List<TensorContext> tensors) {
    return description.parameter(TaskVectorParameters.TRIM).isEmpty()
        ? Optional.empty()
        : GlobalTrim.survey(
            tensors, this::parameters, cuts -> new Surveyed(this, new GlobalTrim(cuts)));
  }

  /** The method once it is known what to trim. */
  private record Surveyed(SparseTaskVectorMethod method, GlobalTrim trim) implements MergeMethod {

    @Override
    public MethodDescription description() {
      return method.description();
    }

    @Override
    public TensorMerge prepare(TensorContext context) {
      return method.prepare(context, trim);
    }

    @Override
    public List<String> remarks(TensorContext context) {
      return method.remarks(context);
    }
  }

  private TensorMerge sum(
      TensorContext context,
      TaskVectorParameters parameters,
      Sparsification chosen,
      List<Sparsifier> sparsifiers) {
    List<SparseTerm> terms = new ArrayList<>();
    for (int i = 0; i < sparsifiers.size(); i++) {
      OfModel model = parameters.models().get(i);
      Sparsifier sparsifier = sparsifiers.get(i);
      terms.add(new SparseTerm(model.input(), sparsifier, model.weight(), sparsifier.factor()));
    }
    boolean all = sparsifiers.stream().allMatch(Sparsifier::keepsAll);
    if (!all && chosen.matchesNorms(context, parameters)) {
      return new NormMatching(
          context.base(), terms, factors -> kernel(context, parameters, rescaled(terms, factors)));
    }
    return kernel(context, parameters, terms);
  }

  private static List<SparseTerm> rescaled(List<SparseTerm> terms, double[] factors) {
    List<SparseTerm> rescaled = new ArrayList<>();
    for (int i = 0; i < factors.length; i++) {
      SparseTerm term = terms.get(i);
      rescaled.add(new SparseTerm(term.model(), term.sparsifier(), term.weight(), factors[i]));
    }
    return rescaled;
  }

  private TileKernel kernel(
      TensorContext context, TaskVectorParameters parameters, List<SparseTerm> terms) {
    if (!consensus) {
      double divisor = parameters.normalize() ? WeightSum.divisor(parameters.weights()) : 1;
      return new SparseSumKernel(context.base(), terms, parameters.lambda() / divisor);
    }
    return new ElectedSumKernel(
        context.base(),
        terms,
        parameters.unweighted(),
        parameters.normalize(),
        parameters.lambda(),
        context.output().dtype());
  }

  @Override
  public List<String> remarks(TensorContext context) {
    TaskVectorParameters parameters = parameters(context);
    Sparsification chosen = parameters.globalTrim() ? GlobalTrim.UNKNOWN : sparsification;
    List<String> remarks = new ArrayList<>(chosen.remarks(context, parameters));
    if (!consensus && parameters.normalize() && WeightSum.vanishes(parameters.weights())) {
      remarks.add(WeightSum.REMARK);
    }
    return remarks;
  }
}
