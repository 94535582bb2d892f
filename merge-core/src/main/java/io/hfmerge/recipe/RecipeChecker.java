package io.hfmerge.recipe;

import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.method.BaseModelUse;
import io.hfmerge.method.MergeMethod;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.method.MethodDescription;
import io.hfmerge.method.ParameterDescription;
import io.hfmerge.method.ParameterDescription.Scope;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
              + " (there are: "
              + String.join(", ", methods.names())
              + ")");
      return;
    }
    TokenizerChecker.check(recipe, faults);
    MethodDescription description = method.description();
    if (description.base() == BaseModelUse.REQUIRED && !hasBase(recipe)) {
      faults.accept("merge_method", description.name() + " needs a base_model");
    }
    checkParameters("parameters", recipe.parameters(), description, faults);
    recipe
        .parts()
        .forEach((name, part) ->
            new PartChecker(recipe, description, faults)
                .check(name.equals(Recipe.WHOLE_MODEL) ? "" : "modules." + name + '.', part));
  }

  /** Whether there is a base for every slice and every list of models. */
  private static boolean hasBase(Recipe recipe) {
    return recipe.baseModel() != null
        || recipe.parts().values().stream()
            .allMatch(part ->
                part.models().isEmpty()
                    && part.slices().stream().allMatch(slice -> slice.baseModel() != null));
  }

  /** Whether a listed model is the base of a method that treats its base unlike the others. */
  public static boolean actsAsBase(Recipe recipe, String reference, MethodDescription method) {
    return method.base().isSpecial() && reference.equals(recipe.baseModel());
  }

  /**
   * Index of the source that acts as the base of a slice, the first of that reference; -1 if none
   * does.
   */
  public static int baseOf(Recipe recipe, MethodDescription method, Slice slice) {
    String base = slice.baseModel() != null ? slice.baseModel() : recipe.baseModel();
    if (!method.base().isSpecial() || base == null) {
      return -1;
    }
    for (int i = 0; i < slice.sources().size(); i++) {
      if (slice.sources().get(i).reference().equals(base)) {
        return i;
      }
    }
    return -1;
  }

  /**
   * Whether a slice has nothing to merge: the base alone, or one source for a method of pairs,
   * which mergekit hands through as well.
   */
  public static boolean isTakenAsItIs(Recipe recipe, MethodDescription method, Slice slice) {
    boolean pairs = method.base() == BaseModelUse.REQUIRED && method.maximumModels() == 1;
    return slice.sources().size() == 1 && (pairs || baseOf(recipe, method, slice) == 0);
  }

  /** Checks the parameters that hold for several models. */
  static void checkParameters(
      String path,
      Map<String, ParameterValue> parameters,
      MethodDescription description,
      BiConsumer<String, String> faults) {
    parameters.forEach(
        (name, value) -> checkParameter(path + '.' + name, name, value, description, faults));
  }

  /** Checks the parameters of one model. */
  static void checkModelParameters(
      String path,
      Map<String, ParameterValue> parameters,
      MethodDescription description,
      BiConsumer<String, String> faults) {
    parameters.forEach((name, value) -> {
      boolean global =
          description.parameter(name).filter(p -> p.scope() == Scope.GLOBAL).isPresent();
      if (global) {
        faults.accept(
            path + '.' + name,
            "\"" + name + "\" is for all models: move it to the recipe's parameters");
      } else {
        checkParameter(path + '.' + name, name, value, description, faults);
      }
    });
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
              + " (it takes: "
              + (known.isEmpty() ? "none" : String.join(", ", known))
              + ")");
      return;
    }
    for (ParameterRule rule : value.rules()) {
      String wrong = ParameterFit.firstWrong(rule, parameter);
      if (wrong != null) {
        faults.accept(path, "expected " + expected(parameter) + ", found " + wrong);
      }
    }
  }

  /** What is missing where a parameter is. */
  static String missing(ParameterDescription parameter) {
    return "missing " + expected(parameter) + " (" + parameter.meaning() + ")";
  }

  private static String expected(ParameterDescription parameter) {
    String name = '"' + parameter.name() + "\": ";
    if (parameter.type() == ParameterDescription.Type.FLAG) {
      return name + "true or false";
    }
    if (parameter.type() == ParameterDescription.Type.CHOICE) {
      return name + String.join(" or ", parameter.choices());
    }
    boolean bounded =
        parameter.minimum() > -Double.MAX_VALUE || parameter.maximum() < Double.MAX_VALUE;
    return bounded
        ? name + "a number from " + parameter.minimum() + " to " + parameter.maximum()
        : name + "a number";
  }
}
