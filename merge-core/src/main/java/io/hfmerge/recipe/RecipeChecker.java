package io.hfmerge.recipe;

import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.method.BaseModelUse;
import io.hfmerge.method.MergeMethod;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.method.MethodDescription;
import io.hfmerge.method.ParameterDescription;
import io.hfmerge.method.ParameterDescription.Scope;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;

/**
 * Checks a recipe against the methods at hand: method, number of models, base, and every parameter
 * by name, place, type and range. Says everything that is wrong, not the first thing.
 */
public final class RecipeChecker {

  private final MergeMethods methods;

  public RecipeChecker(MergeMethods methods) {
    this.methods = methods;
  }

  /**
   * Checks a recipe.
   *
   * @throws InvalidRecipeException with a line for each fault
   */
  public void check(Recipe recipe) {
    List<String> faults = new ArrayList<>();
    check(recipe, (path, message) -> faults.add("recipe, " + path + ": " + message));
    if (!faults.isEmpty()) {
      throw new InvalidRecipeException(String.join("\n", faults));
    }
  }

  /**
   * Reports each fault with its place, such as {@code models[1].parameters.weight}.
   *
   * @param faults takes place and message
   */
  void check(Recipe recipe, BiConsumer<String, String> faults) {
    MergeMethod method = methods.find(recipe.mergeMethod()).orElse(null);
    if (method == null) {
      faults.accept(
          "merge_method",
          "no merge method \""
              + recipe.mergeMethod()
              + '"'
              + Spelling.hint(recipe.mergeMethod(), methods.names())
              + " There are: "
              + String.join(", ", methods.names()));
      return;
    }
    TokenizerChecker.check(recipe, faults);
    MethodDescription description = method.description();
    checkModels(recipe, description, faults);
    recipe
        .parameters()
        .forEach((name, value) ->
            checkParameter("parameters." + name, name, value, description, faults));
    for (int i = 0; i < recipe.models().size(); i++) {
      checkModel(recipe, i, description, faults);
    }
    for (ParameterDescription parameter : description.parameters()) {
      if (parameter.required()
          && parameter.scope() == Scope.GLOBAL
          && !recipe.parameters().containsKey(parameter.name())) {
        faults.accept("parameters", "missing " + expected(parameter) + meaning(parameter));
      }
    }
  }

  private static void checkModels(
      Recipe recipe, MethodDescription description, BiConsumer<String, String> faults) {
    if (description.base() == BaseModelUse.REQUIRED && recipe.baseModel() == null) {
      faults.accept("merge_method", description.name() + " needs a base_model");
    }
    Set<String> seen = new HashSet<>();
    int merged = 0;
    for (int i = 0; i < recipe.models().size(); i++) {
      String reference = recipe.models().get(i).reference();
      if (!seen.add(reference)) {
        faults.accept(
            "models[" + i + "].model",
            "\"" + reference + "\" is listed twice; list it once with the sum of its weights");
      }
      if (!actsAsBase(recipe, reference, description)) {
        merged++;
      }
    }
    int least = description.minimumModels();
    int most = description.maximumModels();
    if (merged < least || merged > most) {
      String range =
          most == Integer.MAX_VALUE
              ? "at least " + least
              : least == most ? "exactly " + least : least + " to " + most;
      faults.accept(
          "models",
          description.name()
              + " takes "
              + range
              + (description.base().isSpecial() ? " beside the base" : "")
              + ", found "
              + merged);
    }
  }

  /** Whether a listed model is the base of a method that treats its base unlike the others. */
  public static boolean actsAsBase(Recipe recipe, String reference, MethodDescription method) {
    return method.base().isSpecial() && reference.equals(recipe.baseModel());
  }

  private static void checkModel(
      Recipe recipe, int index, MethodDescription description, BiConsumer<String, String> faults) {
    ModelEntry model = recipe.models().get(index);
    String place = "models[" + index + "]";
    for (Map.Entry<String, ParameterValue> entry : model.parameters().entrySet()) {
      String name = entry.getKey();
      String path = place + ".parameters." + name;
      boolean global =
          description.parameter(name).filter(p -> p.scope() == Scope.GLOBAL).isPresent();
      if (global) {
        faults.accept(
            path, "\"" + name + "\" is for all models: move it to the recipe's parameters");
      } else {
        checkParameter(path, name, entry.getValue(), description, faults);
      }
    }
    if (actsAsBase(recipe, model.reference(), description)) {
      return;
    }
    for (ParameterDescription parameter : description.parameters()) {
      if (parameter.required()
          && parameter.scope() == Scope.PER_MODEL
          && !model.parameters().containsKey(parameter.name())
          && !recipe.parameters().containsKey(parameter.name())) {
        faults.accept(
            place,
            "model \""
                + model.reference()
                + "\": missing "
                + expected(parameter)
                + meaning(parameter));
      }
    }
  }

  private static void checkParameter(
      String path,
      String name,
      ParameterValue value,
      MethodDescription description,
      BiConsumer<String, String> faults) {
    ParameterDescription parameter = description.parameter(name).orElse(null);
    if (parameter == null) {
      List<String> known =
          description.parameters().stream().map(ParameterDescription::name).toList();
      faults.accept(
          path,
          description.name()
              + " has no parameter \""
              + name
              + '"'
              + Spelling.hint(name, known)
              + " It takes: "
              + (known.isEmpty() ? "none" : String.join(", ", known)));
      return;
    }
    for (ParameterRule rule : value.rules()) {
      for (double knot : rule.knots()) {
        boolean fits =
            parameter.type() == ParameterDescription.Type.FLAG
                ? knot == 0 || knot == 1
                : !rule.truth() && knot >= parameter.minimum() && knot <= parameter.maximum();
        if (!fits) {
          faults.accept(
              path,
              "expected " + expected(parameter) + ", found " + (rule.truth() ? knot != 0 : knot));
        }
      }
    }
  }

  private static String meaning(ParameterDescription parameter) {
    return " (" + parameter.meaning() + ")";
  }

  private static String expected(ParameterDescription parameter) {
    String name = '"' + parameter.name() + "\": ";
    if (parameter.type() == ParameterDescription.Type.FLAG) {
      return name + "true or false";
    }
    boolean bounded =
        parameter.minimum() > -Double.MAX_VALUE || parameter.maximum() < Double.MAX_VALUE;
    return bounded
        ? name + "a number from " + parameter.minimum() + " to " + parameter.maximum()
        : name + "a number";
  }
}
