package io.hfmerge.plan;

import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.method.BaseModelUse;
import io.hfmerge.method.MergeMethod;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.method.MethodDescription;
import io.hfmerge.method.ParameterDescription;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.recipe.RecipeChecker;
import io.hfmerge.tensor.DType;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Makes plans out of recipes and open checkpoints, from headers alone.
 *
 * <p>The output has names, order and shapes of the base model or, without one, of the first model;
 * where it is made of slices, layer by layer those of the slice's first source. Tensors are matched
 * by canonical names. All problems are said at once. Takes time linear in the number of tensors.
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
    used.forEach(input ->
        input
            .naming()
            .remarks()
            .forEach(remark -> problems.note(input.reference() + ": " + remark)));
    noteRecipe(recipe, description, problems);

    CanonicalIndex layout = index(indices, used.getFirst().reference());
    SlotFinder finder =
        new SlotFinder(
            recipe, description, layout, reference -> index(indices, reference), problems);
    finder.find();
    List<PlannedTensor> tensors =
        new TensorMatcher(recipe, method, layout, problems).match(finder.slots());
    noteDoubles(tensors, problems);
    if (recipe.dtype() == null && recipe.outDtype() == null) {
      noteMixture(tensors, layout, problems);
    }
    MergePlan plan =
        new MergePlan(recipe, method, used, tensors, finder.stacks(), problems.notes());
    try {
      method.survey(plan.contexts());
    } catch (InvalidRecipeException e) {
      problems.invalid(String.valueOf(e.getMessage()));
    }
    problems.throwIfAny();
    return plan;
  }

  /** Says where kernels, which see F32, do not see all that is stored. */
  private static void noteDoubles(List<PlannedTensor> tensors, PlanProblems problems) {
    long narrowed = 0;
    for (PlannedTensor tensor : tensors) {
      if (tensor instanceof MergedTensor && isStoredAs(DType.F64, tensor)) {
        narrowed++;
      }
    }
    if (narrowed > 0) {
      problems.note(
          narrowed
              + (narrowed == 1 ? " tensor is" : " tensors are")
              + " stored as F64 and merged in the precision of F32");
    }
  }

  /** Says where layers from other models bring dtypes that the layout's model has not. */
  private static void noteMixture(
      List<PlannedTensor> tensors, CanonicalIndex layout, PlanProblems problems) {
    Set<DType> known = EnumSet.noneOf(DType.class);
    for (CanonicalIndex.Entry entry : layout.entries()) {
      known.add(entry.spec().dtype());
    }
    Map<DType, Integer> others = new EnumMap<>(DType.class);
    for (PlannedTensor tensor : tensors) {
      DType dtype = tensor.output().dtype();
      if (!known.contains(dtype) && isStoredAs(dtype, tensor)) {
        others.merge(dtype, 1, Integer::sum);
      }
    }
    others.forEach((dtype, count) ->
        problems.note(
            count
                + (count == 1 ? " tensor is " : " tensors are ")
                + dtype
                + " as stored in another model, unlike "
                + layout.reference()
                + "; out_dtype makes all of them one"));
  }

  private static boolean isStoredAs(DType dtype, PlannedTensor tensor) {
    for (TensorSource source : tensor.sources()) {
      if (source.tensor().dtype() == dtype) {
        return true;
      }
    }
    return false;
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
    if (base != null) {
      noteBase(recipe, base, method, problems);
    }
    for (ParameterDescription parameter : method.parameters()) {
      boolean given =
          recipe.allParameters().stream().anyMatch(level -> level.containsKey(parameter.name()));
      if (given && !parameter.used()) {
        problems.note("parameter \"" + parameter.name() + "\" has no effect on " + method.name());
      }
    }
    boolean residual =
        recipe.parts().values().stream()
            .flatMap(part -> part.slices().stream())
            .anyMatch(slice -> slice.residualWeight() != null);
    if (residual) {
      problems.note("residual_weight has no effect, here and in mergekit");
    }
  }

  private static void noteBase(
      Recipe recipe, String base, MethodDescription method, PlanProblems problems) {
    boolean listed =
        recipe.parts().values().stream()
            .flatMap(part -> part.models().stream())
            .anyMatch(model -> model.reference().equals(base));
    boolean source =
        recipe.parts().values().stream()
            .flatMap(part -> part.slices().stream())
            .flatMap(slice -> slice.sources().stream())
            .anyMatch(one -> one.reference().equals(base));
    boolean whole = recipe.parts().values().stream().anyMatch(part -> !part.models().isEmpty());
    if (listed && method.base().isSpecial()) {
      problems.note("the base model is listed among the models too; it counts once, as the base");
    }
    boolean oneMore =
        recipe.parts().values().stream()
            .anyMatch(part -> SlotFinder.isBaseOneMoreModel(recipe, part, method));
    if (oneMore) {
      problems.note("compat: mergekit merges the base model as one more of the models");
    } else if (!listed && !source && !method.base().isSpecial()) {
      problems.note(
          method.name() + " has no use for a base model: it lends names and order, no values");
    } else if (!source && !whole && method.base() == BaseModelUse.OPTIONAL) {
      problems.note("the base model is a source of no slice: it lends names and order, no values");
    }
  }
}
