package io.hfmerge.recipe;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What a recipe says about one parameter: rules of which the first that covers a tensor holds.
 *
 * @param rules at least one
 */
public record ParameterValue(List<ParameterRule> rules) {

  public ParameterValue {
    rules = List.copyOf(rules);
    if (rules.isEmpty()) {
      throw new IllegalArgumentException("a parameter without a value");
    }
  }

  /** The same number for all tensors. */
  public static ParameterValue of(double number) {
    return new ParameterValue(
        List.of(new ParameterRule(ParameterRule.ANY, List.of(number), false)));
  }

  /** The same truth value for all tensors. */
  public static ParameterValue of(boolean flag) {
    return new ParameterValue(
        List.of(new ParameterRule(ParameterRule.ANY, List.of(flag ? 1.0 : 0.0), true)));
  }

  /** The same word for all tensors. */
  public static ParameterValue of(String word) {
    return new ParameterValue(List.of(ParameterRule.ofWord(ParameterRule.ANY, word)));
  }

  /** Numbers that the layers from first to last interpolate between. */
  public static ParameterValue gradient(List<Double> knots) {
    return new ParameterValue(List.of(new ParameterRule(ParameterRule.ANY, knots, false)));
  }

  /** The rule for a tensor, by the name that filters look at; empty if none covers it. */
  public Optional<ParameterRule> rule(String tensorName) {
    for (ParameterRule rule : rules) {
      if (rule.covers(tensorName)) {
        return Optional.of(rule);
      }
    }
    return Optional.empty();
  }

  /**
   * The number for a tensor; empty if no rule covers it.
   *
   * @param tensorName name that filters look at
   * @param position place in the stack of layers, 0 to 1
   */
  public OptionalDouble at(String tensorName, double position) {
    Optional<ParameterRule> rule = rule(tensorName);
    return rule.isPresent() ? OptionalDouble.of(rule.get().at(position)) : OptionalDouble.empty();
  }

  /** Whether some rule depends on the layer. */
  public boolean hasGradient() {
    return rules.stream().anyMatch(rule -> rule.knots().size() > 1);
  }
}
