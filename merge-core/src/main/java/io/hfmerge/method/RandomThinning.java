package io.hfmerge.method;

import io.hfmerge.method.TaskVectorParameters.OfModel;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Keeps entries at random. Rescaling divides what stays by the probability with which it stays;
 * under {@code compat: mergekit} it keeps the sum of magnitudes instead.
 */
final class RandomThinning implements Sparsification {

  /** Makes the sparsifier of one model. */
  @FunctionalInterface
  interface Draw {

    /**
     * The sparsifier for a density above 0 and below 1.
     *
     * @param random words of the model's elements
     * @param inverse whether what stays is divided by its probability
     * @throws io.hfmerge.error.InvalidRecipeException if the parameters do not do
     */
    Sparsifier of(TensorContext context, OfModel model, ElementRandom random, boolean inverse);
  }

  /** With probability density, whatever the magnitude. */
  static final RandomThinning UNIFORM =
      new RandomThinning((context, model, random, inverse) ->
          new RandomDrop(random, model.density(), inverse ? 1 / model.density() : 1));

  /** With a probability that rises with the rank in magnitude within a row. */
  static final RandomThinning BY_RANK = new RandomThinning(RandomThinning::byRank);

  private final Draw draw;

  private RandomThinning(Draw draw) {
    this.draw = draw;
  }

  private static Sparsifier byRank(
      TensorContext context, OfModel model, ElementRandom random, boolean inverse) {
    double density = model.density();
    double epsilon = model.epsilon();
    if (!(density + epsilon < 1 && density - epsilon > 0)) {
      throw TaskVectorParameters.invalid(
          context,
          model,
          "probabilities run from density - epsilon = "
              + (density - epsilon)
              + " to density + epsilon = "
              + (density + epsilon)
              + "; they must lie between 0 and 1, both ends excluded");
    }
    long row = RankedDrop.rowLength(context.output().shape());
    if (row == 1 && context.compatibility() == Compatibility.MERGEKIT) {
      throw TaskVectorParameters.invalid(
          context,
          model,
          "rows of one element have no ranks, and mergekit stops there; give the tensor density 1"
              + " with a filter or leave out compat: mergekit, which takes the density itself");
    }
    if (row * RankedDrop.stride(context.output().shape()) > TensorMerge.MAX_GRANULE_ELEMENTS) {
      throw TaskVectorParameters.invalid(
          context,
          model,
          "ranking needs a whole row of "
              + context.output().describe()
              + " at once; rows of more than "
              + TensorMerge.MAX_GRANULE_ELEMENTS
              + " elements are not supported: give the tensor density 1 with a filter");
    }
    return new RankedDrop(random, context.output().shape(), density, epsilon, inverse);
  }

  @Override
  public TensorMerge choose(
      TensorContext context,
      TaskVectorParameters parameters,
      Function<List<Sparsifier>, TensorMerge> then) {
    boolean inverse = parameters.rescale() && context.compatibility() == Compatibility.HFMERGE;
    List<Sparsifier> sparsifiers = new ArrayList<>();
    for (OfModel model : parameters.models()) {
      if (model.density() >= 1) {
        sparsifiers.add(Sparsifier.ALL);
        continue;
      }
      ElementRandom random =
          new ElementRandom(
              context.seed(), context.models().get(model.input()), context.output().name());
      sparsifiers.add(
          model.density() == 0
              ? new RandomDrop(random, 0, 1)
              : draw.of(context, model, random, inverse));
    }
    return then.apply(sparsifiers);
  }

  @Override
  public boolean matchesNorms(TensorContext context, TaskVectorParameters parameters) {
    return parameters.rescale() && context.compatibility() == Compatibility.MERGEKIT;
  }
}
