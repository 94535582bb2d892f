package io.hfmerge.plan;

import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.method.BaseModelUse;
import io.hfmerge.method.Compatibility;
import io.hfmerge.method.MergeMethod;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.method.MethodDescription;
import io.hfmerge.method.ParameterDescription;
import io.hfmerge.recipe.ModelEntry;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.recipe.RecipeChecker;
import io.hfmerge.tensor.DType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Makes plans out of recipes and open checkpoints, from headers alone.
 *
 * <p>The output has names, order and shapes of the base model or, without one, of the first model.
 * Tensors are matched by canonical names. All problems are said at once.
 */
public final class MergePlanner {

  private final MergeMethods methods;

  public MergePlanner(MergeMethods methods) {
    this.methods = methods;
  }

  /**
   * Plans a merge.
   *
   * @param recipe what to do
   * @param inputs one for each of {@link Recipe#references()}, in any order
   * @throws InvalidRecipeException if the recipe does not fit the method or these tensors
   * @throws io.hfmerge.error.IncompatibleCheckpointsException if names or shapes do not match;
   *     names the tensors and both shapes
   * @throws io.hfmerge.error.UnsupportedFeatureException if a tensor cannot be merged: packed 4-
   *     and 6-bit floats, complex numbers, quantised weights
   * @throws IllegalArgumentException if an input is missing
   */
  public MergePlan plan(Recipe recipe, List<MergeInput> inputs) {
    new RecipeChecker(methods).check(recipe);
    MergeMethod method = methods.find(recipe.mergeMethod()).orElseThrow();
    MethodDescription description = method.description();
    PlanProblems problems = new PlanProblems();

    Map<String, CanonicalIndex> indices = new HashMap<>();
    for (MergeInput input : inputs) {
      indices.put(input.reference(), new CanonicalIndex(input, problems));
    }
    List<MergeInput> used = new ArrayList<>();
    for (String reference : recipe.references()) {
      used.add(index(indices, reference).input());
    }
    String base = recipe.baseModel();
    boolean baseTakesPart = base != null && description.base().isSpecial();
    List<CanonicalIndex> models = new ArrayList<>();
    if (base != null && baseTakesPart) {
      models.add(index(indices, base));
    }
    for (ModelEntry model : recipe.models()) {
      if (!RecipeChecker.actsAsBase(recipe, model.reference(), description)) {
        models.add(index(indices, model.reference()));
      }
    }
    if (base != null && isOneMoreModel(recipe, description)) {
      models.add(index(indices, base));
      problems.note("compat: mergekit merges the base model as one more of the models");
    }
    noteRecipe(recipe, description, problems);

    CanonicalIndex layout =
        index(indices, base != null ? base : recipe.models().getFirst().reference());
    List<PlannedTensor> tensors =
        new TensorMatcher(recipe, method, layout, models, baseTakesPart, problems).match();
    noteDoubles(tensors, problems);
    problems.throwIfAny();
    return new MergePlan(recipe, method, used, tensors, problems.notes());
  }

  /** Says where kernels, which see F32, do not see all that is stored. */
  private static void noteDoubles(List<PlannedTensor> tensors, PlanProblems problems) {
    long narrowed =
        tensors.stream()
            .filter(tensor -> tensor instanceof MergedTensor)
            .filter(tensor ->
                tensor.sources().stream().anyMatch(source -> source.tensor().dtype() == DType.F64))
            .count();
    if (narrowed > 0) {
      problems.note(
          narrowed
              + (narrowed == 1 ? " tensor is" : " tensors are")
              + " stored as F64 and merged in the precision of F32");
    }
  }

  /** Whether a base that is not among the models is merged like one of them. */
  private static boolean isOneMoreModel(Recipe recipe, MethodDescription method) {
    return method.base() == BaseModelUse.MODEL_IN_MERGEKIT
        && recipe.compatibility() == Compatibility.MERGEKIT
        && recipe.models().stream()
            .noneMatch(model -> model.reference().equals(recipe.baseModel()));
  }

  private static CanonicalIndex index(Map<String, CanonicalIndex> indices, String reference) {
    CanonicalIndex index = indices.get(reference);
    if (index == null) {
      throw new IllegalArgumentException("no open checkpoint for \"" + reference + '"');
    }
    return index;
  }

  private static void noteRecipe(Recipe recipe, MethodDescription method, PlanProblems problems) {
    String base = recipe.baseModel();
    boolean listed = recipe.models().stream().anyMatch(model -> model.reference().equals(base));
    if (base != null && listed && method.base().isSpecial()) {
      problems.note("the base model is listed among the models too; it counts once, as the base");
    }
    if (base != null && !listed && !method.base().isSpecial() && !isOneMoreModel(recipe, method)) {
      problems.note(
          method.name() + " has no use for a base model: it lends names and order, no values");
    }
    for (ParameterDescription parameter : method.parameters()) {
      boolean given =
          recipe.parameters().containsKey(parameter.name())
              || recipe.models().stream()
                  .anyMatch(model -> model.parameters().containsKey(parameter.name()));
      if (given && !parameter.used()) {
        problems.note("parameter \"" + parameter.name() + "\" has no effect on " + method.name());
      }
    }
  }
}
