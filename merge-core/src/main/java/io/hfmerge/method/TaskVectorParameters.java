package io.hfmerge.method;

import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.method.ParameterDescription.Scope;
import java.util.ArrayList;
import java.util.List;

/**
 * Parameters that the methods which thin out task vectors share, with their values for one tensor.
 *
 * @param lambda factor of the sum
 * @param normalize whether the sum is divided by the weights that took part in it
 * @param rescale whether what thinning out took away is made up for
 * @param unweighted whether signs are elected by the differences themselves, not by the weighted
 *     ones
 * @param globalTrim whether entries are ranked among those of all tensors
 * @param models one for each model that takes part, in order
 */
record TaskVectorParameters(
    double lambda,
    boolean normalize,
    boolean rescale,
    boolean unweighted,
    boolean globalTrim,
    List<OfModel> models) {

  static final String WEIGHT = "weight";
  static final String DENSITY = "density";
  static final String GAMMA = "gamma";
  static final String EPSILON = "epsilon";
  static final String LAMBDA = "lambda";
  static final String NORMALIZE = "normalize";
  static final String RESCALE = "rescale";
  static final String INT8_MASK = "int8_mask";
  static final String ELECTION = "election";
  static final String TRIM = "trim";

  /** Words of {@link #ELECTION}. */
  private static final List<String> ELECTIONS = List.of("weighted", "unweighted");

  /** Words of {@link #TRIM}. */
  static final List<String> TRIMS = List.of("tensor", "global");

  /**
   * Parameters of one model.
   *
   * @param input index among the inputs
   * @param weight factor of the model's task vector, finite
   * @param density share of entries that stay, 0 to 1
   * @param gamma share of the largest entries that are dropped as outliers, 0 to 1; 0 where the
   *     method has none
   * @param epsilon how far probabilities lie from the density, 0 to 1; 0 where the method has none
   */
  record OfModel(int input, double weight, double density, double gamma, double epsilon) {

    OfModel {
      if (!Double.isFinite(weight)
          || !(density >= 0 && density <= 1)
          || !(gamma >= 0 && gamma <= 1)
          || !(epsilon >= 0 && epsilon <= 1)) {
        throw new IllegalArgumentException(
            "weight "
                + weight
                + ", density "
                + density
                + ", gamma "
                + gamma
                + ", epsilon "
                + epsilon);
      }
    }
  }

  TaskVectorParameters {
    models = List.copyOf(models);
    if (!Double.isFinite(lambda)) {
      throw new IllegalArgumentException("lambda " + lambda);
    }
  }

  /** Values that a context gives to the parameters of a method. */
  static TaskVectorParameters of(TensorContext context, MethodDescription method) {
    TensorParameters parameters = context.parameters();
    List<OfModel> models = new ArrayList<>();
    for (int input : context.nonBase()) {
      models.add(
          new OfModel(
              input,
              parameters.number(WEIGHT, input),
              parameters.number(DENSITY, input),
              method.parameter(GAMMA).isPresent() ? parameters.number(GAMMA, input) : 0,
              method.parameter(EPSILON).isPresent() ? parameters.number(EPSILON, input) : 0));
    }
    return new TaskVectorParameters(
        parameters.number(LAMBDA),
        parameters.flag(NORMALIZE),
        parameters.flag(RESCALE),
        method.parameter(ELECTION).isPresent() && parameters.number(ELECTION) != 0,
        method.parameter(TRIM).isPresent() && parameters.number(TRIM) != 0,
        models);
  }

  /** Factors of the models' task vectors, in order. */
  double[] weights() {
    return models.stream().mapToDouble(OfModel::weight).toArray();
  }

  /**
   * Descriptions of what every one of these methods takes.
   *
   * @param consensus whether signs are elected
   */
  static List<ParameterDescription> describe(
      boolean consensus, boolean normalize, boolean rescale, String rescaling) {
    List<ParameterDescription> parameters = new ArrayList<>();
    parameters.add(
        ParameterDescription.number(
            WEIGHT, Scope.PER_MODEL, null, "factor of the model's task vector"));
    parameters.add(
        ParameterDescription.number(
                DENSITY, Scope.PER_MODEL, 1.0, "share of the task vector's entries that stay")
            .within(0, 1));
    parameters.add(
        ParameterDescription.number(
            LAMBDA, Scope.GLOBAL, 1.0, "factor of the sum of all task vectors"));
    parameters.add(
        ParameterDescription.flag(
            NORMALIZE,
            normalize,
            consensus
                ? "divide each entry by the sum of the weights that took part in it"
                : "divide the sum by the sum of the weights"));
    parameters.add(ParameterDescription.flag(RESCALE, rescale, rescaling));
    parameters.add(
        ParameterDescription.flag(INT8_MASK, false, "no effect: signs take no memory to speak of")
            .unused());
    if (consensus) {
      parameters.add(
          ParameterDescription.choice(
              ELECTION,
              ELECTIONS,
              "whether weighted or unweighted task vectors elect each entry's sign"));
    }
    return parameters;
  }

  /** An error about one model of one tensor. */
  static InvalidRecipeException invalid(TensorContext context, OfModel model, String problem) {
    return new InvalidRecipeException(
        "tensor \""
            + context.output().name()
            + "\" of model \""
            + context.models().get(model.input())
            + "\": "
            + problem);
  }
}
