package io.hfmerge.recipe;

import io.hfmerge.method.BaseModelUse;
import io.hfmerge.method.MethodDescription;
import io.hfmerge.method.ParameterDescription;
import io.hfmerge.method.ParameterDescription.Scope;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;

/** Checks what the output, or a module of it, is made of. */
final class PartChecker {

  private final Recipe recipe;
  private final MethodDescription method;
  private final BiConsumer<String, String> faults;

  PartChecker(Recipe recipe, MethodDescription method, BiConsumer<String, String> faults) {
    this.recipe = recipe;
    this.method = method;
    this.faults = faults;
  }

  /**
   * Checks a part.
   *
   * @param prefix of the paths of its entries
   */
  void check(String prefix, RecipeModule part) {
    RecipeChecker.checkParameters(prefix + "parameters", part.parameters(), method, faults);
    if (part.slices().isEmpty()) {
      checkModels(prefix, part);
    }
    for (int i = 0; i < part.slices().size(); i++) {
      checkSlice(prefix + "slices[" + i + ']', part.slices().get(i), part);
    }
  }

  private void checkModels(String prefix, RecipeModule part) {
    Set<String> seen = new HashSet<>();
    int merged = 0;
    List<Map<String, ParameterValue>> levels = List.of(part.parameters(), recipe.parameters());
    for (int i = 0; i < part.models().size(); i++) {
      ModelEntry model = part.models().get(i);
      String path = prefix + "models[" + i + ']';
      if (!seen.add(model.reference())) {
        faults.accept(
            path + ".model",
            '"'
                + model.reference()
                + "\" is listed twice; list it once with the sum of its weights");
      }
      boolean base = RecipeChecker.actsAsBase(recipe, model.reference(), method);
      merged += base ? 0 : 1;
      checkModel(path, model.reference(), model.parameters(), base, levels);
    }
    if (!takes(merged)) {
      faults.accept(prefix + "models", expected() + ", found " + merged);
    }
    checkGlobal(prefix + "parameters", levels);
  }

  private void checkSlice(String path, Slice slice, RecipeModule part) {
    RecipeChecker.checkParameters(path + ".parameters", slice.parameters(), method, faults);
    List<Map<String, ParameterValue>> levels =
        List.of(slice.parameters(), part.parameters(), recipe.parameters());
    int base = RecipeChecker.baseOf(recipe, method, slice);
    for (int i = 0; i < slice.sources().size(); i++) {
      SliceSource source = slice.sources().get(i);
      checkModel(
          path + ".sources[" + i + ']', source.reference(), source.parameters(), i == base, levels);
    }
    if (RecipeChecker.isTakenAsItIs(recipe, method, slice)) {
      return;
    }
    String named = slice.baseModel() != null ? slice.baseModel() : recipe.baseModel();
    boolean special = method.base().isSpecial();
    if (base < 0
        && named != null
        && (method.base() == BaseModelUse.REQUIRED || (slice.baseModel() != null && special))) {
      faults.accept(
          path,
          "the base_model \""
              + named
              + "\" is not among the sources; list it with the layer_range to compare with");
    }
    int merged = slice.sources().size() - (base < 0 ? 0 : 1);
    if (!takes(merged)) {
      faults.accept(path, expected() + ", found " + merged);
    }
    checkGlobal(path, levels);
  }

  private void checkModel(
      String path,
      String reference,
      Map<String, ParameterValue> parameters,
      boolean base,
      List<Map<String, ParameterValue>> levels) {
    RecipeChecker.checkModelParameters(path + ".parameters", parameters, method, faults);
    if (base) {
      return;
    }
    List<Map<String, ParameterValue>> all = new ArrayList<>(levels);
    all.add(parameters);
    for (ParameterDescription parameter : method.parameters()) {
      if (isMissing(parameter, Scope.PER_MODEL, all)) {
        faults.accept(path, "model \"" + reference + "\": " + RecipeChecker.missing(parameter));
      }
    }
  }

  private void checkGlobal(String path, List<Map<String, ParameterValue>> levels) {
    for (ParameterDescription parameter : method.parameters()) {
      if (isMissing(parameter, Scope.GLOBAL, levels)) {
        faults.accept(path, RecipeChecker.missing(parameter));
      }
    }
  }

  private static boolean isMissing(
      ParameterDescription parameter, Scope scope, List<Map<String, ParameterValue>> levels) {
    return parameter.required()
        && parameter.scope() == scope
        && levels.stream().noneMatch(level -> level.containsKey(parameter.name()));
  }

  private boolean takes(int models) {
    return models >= method.minimumModels() && models <= method.maximumModels();
  }

  private String expected() {
    int least = method.minimumModels();
    int most = method.maximumModels();
    String range =
        most == Integer.MAX_VALUE
            ? "at least " + least
            : least == most ? "exactly " + least : least + " to " + most;
    return method.name()
        + " takes "
        + range
        + (method.base().isSpecial() ? " beside the base" : "");
  }
}
