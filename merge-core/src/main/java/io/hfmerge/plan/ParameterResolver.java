package io.hfmerge.plan;

import io.hfmerge.method.Compatibility;
import io.hfmerge.method.MethodDescription;
import io.hfmerge.method.ParameterDescription;
import io.hfmerge.method.ParameterDescription.Scope;
import io.hfmerge.method.TensorParameters;
import io.hfmerge.plan.SourceGroup.Member;
import io.hfmerge.recipe.ParameterRule;
import io.hfmerge.recipe.ParameterValue;
import io.hfmerge.recipe.Recipe;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeSet;

/**
 * Values of a method's parameters for one tensor. A model's own parameters win over those of its
 * slice, those over the module's, the recipe's, and the default; on each level the first rule whose
 * filter covers the name counts, and if none does, the next level.
 */
final class ParameterResolver {

  private final MethodDescription method;
  private final Recipe recipe;
  private final PlanProblems problems;

  /** Few distinct values serve many tensors. */
  private final Map<TensorParameters, TensorParameters> shared = new HashMap<>();

  /** Of groups whose members all have the tensor, where values depend on nothing else. */
  private final IdentityHashMap<SourceGroup, TensorParameters> byGroup = new IdentityHashMap<>();

  private final Set<String> idleFilters = new TreeSet<>();
  private final boolean sameForAll;
  private boolean lacking;

  ParameterResolver(MethodDescription method, Recipe recipe, PlanProblems problems) {
    this.method = method;
    this.recipe = recipe;
    this.problems = problems;
    for (Map<String, ParameterValue> parameters : recipe.allParameters()) {
      for (ParameterValue value : parameters.values()) {
        for (ParameterRule rule : value.rules()) {
          if (!rule.filter().equals(ParameterRule.ANY)) {
            idleFilters.add(rule.filter());
          }
        }
      }
    }
    this.sameForAll = idleFilters.isEmpty() && !usesLayers(recipe);
  }

  /** Whether a value of this recipe depends on the layer. */
  static boolean usesLayers(Recipe recipe) {
    return recipe.allParameters().stream()
        .flatMap(parameters -> parameters.values().stream())
        .anyMatch(ParameterValue::hasGradient);
  }

  /** Filters that no tensor's name contained so far. */
  Set<String> idleFilters() {
    return idleFilters;
  }

  /**
   * Resolves all parameters.
   *
   * @param slot the output tensor; filters of global parameters look at its name
   * @param members the models that have the tensor
   * @param sources their tensors; filters of their parameters look at these names
   * @param base index of the base among them or {@link io.hfmerge.method.TensorContext#NO_BASE}
   */
  TensorParameters resolve(
      OutputSlot slot, List<Member> members, List<TensorSource> sources, int base) {
    if (!sameForAll || members.size() < slot.group().members().size()) {
      return resolveAlone(slot, members, sources, base);
    }
    TensorParameters known = byGroup.get(slot.group());
    if (known == null) {
      known = resolveAlone(slot, members, sources, base);
      if (!lacking) { // what is lacking is said of each tensor
        byGroup.put(slot.group(), known);
      }
    }
    return known;
  }

  private TensorParameters resolveAlone(
      OutputSlot slot, List<Member> members, List<TensorSource> sources, int base) {
    idleFilters.removeIf(slot.name()::contains);
    Map<String, Double> global = new HashMap<>();
    List<Map<String, Double>> perModel = new ArrayList<>(sources.size());
    for (ParameterDescription parameter : method.parameters()) {
      if (parameter.scope() == Scope.GLOBAL) {
        OptionalDouble value = value(slot.group().levels(), parameter, slot.name(), slot);
        put(global, parameter, value, slot.name(), "");
      }
    }
    for (int i = 0; i < sources.size(); i++) {
      perModel.add(
          i == base ? Map.of() : ofModel(members.get(i), sources.get(i).tensor().name(), slot));
    }
    TensorParameters parameters = new TensorParameters(global, perModel);
    return sameForAll ? parameters : shared.computeIfAbsent(parameters, key -> key);
  }

  private Map<String, Double> ofModel(Member member, String name, OutputSlot slot) {
    idleFilters.removeIf(name::contains);
    Map<String, Double> values = new HashMap<>();
    for (ParameterDescription parameter : method.parameters()) {
      if (parameter.scope() == Scope.PER_MODEL) {
        OptionalDouble value = value(List.of(member.parameters()), parameter, name, slot);
        if (value.isEmpty()) {
          value = value(slot.group().levels(), parameter, name, slot);
        }
        put(values, parameter, value, name, " of model \"" + member.label() + '"');
      }
    }
    return values;
  }

  /** The value of the first level that has a rule for the name. */
  private OptionalDouble value(
      List<Map<String, ParameterValue>> levels,
      ParameterDescription parameter,
      String name,
      OutputSlot slot) {
    for (Map<String, ParameterValue> level : levels) {
      ParameterValue value = level.get(parameter.name());
      Optional<ParameterRule> rule = value == null ? Optional.empty() : value.rule(name);
      if (rule.isPresent()) {
        return OptionalDouble.of(at(rule.get(), parameter, slot.position()));
      }
    }
    return OptionalDouble.empty();
  }

  /**
   * A word counts by its place among the choices. Truth values have nothing between them; mergekit
   * makes numbers of them, of which 0 is false.
   */
  private double at(ParameterRule rule, ParameterDescription parameter, double position) {
    String word = rule.word();
    if (word != null) {
      return parameter.choices().indexOf(word);
    }
    boolean steps =
        parameter.type() == ParameterDescription.Type.FLAG
            && recipe.compatibility() != Compatibility.MERGEKIT;
    return steps ? rule.stepAt(position) : rule.at(position);
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
      lacking = true;
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
