package io.hfmerge.plan;

import io.hfmerge.method.MethodDescription;
import io.hfmerge.method.ParameterDescription;
import io.hfmerge.method.ParameterDescription.Scope;
import io.hfmerge.method.TensorContext;
import io.hfmerge.method.TensorParameters;
import io.hfmerge.recipe.ModelEntry;
import io.hfmerge.recipe.ParameterRule;
import io.hfmerge.recipe.ParameterValue;
import io.hfmerge.recipe.Recipe;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeSet;

/**
 * Values of a method's parameters for one tensor: the model's own parameters win over the recipe's,
 * those over the default; of the rules of a parameter the first whose filter covers the name wins.
 */
final class ParameterResolver {

  private final MethodDescription method;
  private final Recipe recipe;
  private final PlanProblems problems;

  /** Few distinct values serve many tensors. */
  private final Map<TensorParameters, TensorParameters> shared = new HashMap<>();

  private final Set<String> idleFilters = new TreeSet<>();

  ParameterResolver(MethodDescription method, Recipe recipe, PlanProblems problems) {
    this.method = method;
    this.recipe = recipe;
    this.problems = problems;
    List<Map<String, ParameterValue>> all = new ArrayList<>();
    all.add(recipe.parameters());
    recipe.models().forEach(model -> all.add(model.parameters()));
    for (Map<String, ParameterValue> parameters : all) {
      for (ParameterValue value : parameters.values()) {
        for (ParameterRule rule : value.rules()) {
          if (!rule.filter().equals(ParameterRule.ANY)) {
            idleFilters.add(rule.filter());
          }
        }
      }
    }
  }

  /** Whether a value of this recipe depends on the layer. */
  static boolean usesLayers(Recipe recipe) {
    return recipe.parameters().values().stream().anyMatch(ParameterValue::hasGradient)
        || recipe.models().stream()
            .flatMap(model -> model.parameters().values().stream())
            .anyMatch(ParameterValue::hasGradient);
  }

  /** Filters that no tensor's name contained so far. */
  Set<String> idleFilters() {
    return idleFilters;
  }

  /**
   * Resolves all parameters.
   *
   * @param outputName name that filters of global parameters look at
   * @param position place in the stack of layers, 0 to 1
   * @param sources tensors of the models; filters of their parameters look at these names
   * @param base index of the base among them or {@link TensorContext#NO_BASE}
   */
  TensorParameters resolve(
      String outputName, double position, List<TensorSource> sources, int base) {
    idleFilters.removeIf(outputName::contains);
    Map<String, Double> global = new HashMap<>();
    List<Map<String, Double>> perModel = new ArrayList<>(sources.size());
    for (ParameterDescription parameter : method.parameters()) {
      if (parameter.scope() == Scope.GLOBAL) {
        OptionalDouble value = value(recipe.parameters(), parameter, outputName, position);
        put(global, parameter, value, outputName, "");
      }
    }
    for (int i = 0; i < sources.size(); i++) {
      perModel.add(i == base ? Map.of() : ofModel(sources.get(i), position));
    }
    TensorParameters parameters = new TensorParameters(global, perModel);
    return shared.computeIfAbsent(parameters, key -> key);
  }

  private Map<String, Double> ofModel(TensorSource source, double position) {
    String name = source.tensor().name();
    String reference = source.input().reference();
    idleFilters.removeIf(name::contains);
    Map<String, ParameterValue> own =
        recipe.models().stream()
            .filter(model -> model.reference().equals(reference))
            .findFirst()
            .map(ModelEntry::parameters)
            // a base that is merged like a model has none of its own
            .orElse(Map.of());
    Map<String, Double> values = new HashMap<>();
    for (ParameterDescription parameter : method.parameters()) {
      if (parameter.scope() == Scope.PER_MODEL) {
        OptionalDouble value = value(own, parameter, name, position);
        if (value.isEmpty()) {
          value = value(recipe.parameters(), parameter, name, position);
        }
        put(values, parameter, value, name, " of model \"" + reference + '"');
      }
    }
    return values;
  }

  private static OptionalDouble value(
      Map<String, ParameterValue> parameters,
      ParameterDescription parameter,
      String name,
      double position) {
    ParameterValue value = parameters.get(parameter.name());
    return value == null ? OptionalDouble.empty() : value.at(name, position);
  }

  private void put(
      Map<String, Double> values,
      ParameterDescription parameter,
      OptionalDouble value,
      String tensor,
      String owner) {
    Double fallback = parameter.defaultValue();
    if (value.isPresent()) {
      values.put(parameter.name(), value.getAsDouble());
    } else if (fallback != null) {
      values.put(parameter.name(), fallback);
    } else {
      problems.invalid(
          "tensor \""
              + tensor
              + '"'
              + owner
              + ": no value for \""
              + parameter.name()
              + "\": no filter covers the tensor; add a last value without filter");
      values.put(parameter.name(), 0.0);
    }
  }
}
