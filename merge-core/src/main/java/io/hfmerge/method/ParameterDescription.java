package io.hfmerge.method;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One parameter of a method.
 *
 * @param name as in a recipe
 * @param scope one value for all models, or one per model
 * @param type number, truth value or word
 * @param defaultValue value where a recipe gives none, truth values as 0 or 1, words as their
 *     places; {@code null} if it must be given
 * @param minimum smallest allowed value
 * @param maximum largest allowed value
 * @param meaning one line for people
 * @param choices the words that a {@link Type#CHOICE} takes, whose values are their places in this
 *     list; empty for other types
 * @param used false where a recipe may give it and the method has no use for it
 */
public record ParameterDescription(
    String name,
    Scope scope,
    Type type,
    @Nullable Double defaultValue,
    double minimum,
    double maximum,
    String meaning,
    List<String> choices,
    boolean used) {

  /** Whether a parameter has one value or one for each model. */
  public enum Scope {
    GLOBAL,
    PER_MODEL
  }

  /** What values a parameter takes. */
  public enum Type {
    NUMBER,
    FLAG,
    /** One of several words. */
    CHOICE
  }

  public ParameterDescription {
    choices = List.copyOf(choices);
    if (!name.matches("[A-Za-z][A-Za-z0-9_]*")) {
      throw new IllegalArgumentException("not a parameter name: \"" + name + '"');
    }
    if (!(minimum <= maximum)) {
      throw new IllegalArgumentException(name + ": empty range " + minimum + " to " + maximum);
    }
    if (defaultValue != null && !(defaultValue >= minimum && defaultValue <= maximum)) {
      throw new IllegalArgumentException(name + ": default " + defaultValue + " out of range");
    }
  }

  /** A finite number of any size. */
  public static ParameterDescription number(
      String name, Scope scope, @Nullable Double defaultValue, String meaning) {
    return new ParameterDescription(
        name,
        scope,
        Type.NUMBER,
        defaultValue,
        -Double.MAX_VALUE,
        Double.MAX_VALUE,
        meaning,
        List.of(),
        true);
  }

  /** A truth value for all models. */
  public static ParameterDescription flag(String name, boolean defaultValue, String meaning) {
    return new ParameterDescription(
        name, Scope.GLOBAL, Type.FLAG, defaultValue ? 1.0 : 0.0, 0, 1, meaning, List.of(), true);
  }

  /**
   * One of several words, for all models.
   *
   * @param choices the words, the default first
   */
  public static ParameterDescription choice(String name, List<String> choices, String meaning) {
    if (choices.size() < 2) {
      throw new IllegalArgumentException(name + ": nothing to choose from in " + choices);
    }
    return new ParameterDescription(
        name, Scope.GLOBAL, Type.CHOICE, 0.0, 0, choices.size() - 1, meaning, choices, true);
  }

  /** The same with a narrower range, both ends included. */
  public ParameterDescription within(double newMinimum, double newMaximum) {
    return new ParameterDescription(
        name, scope, type, defaultValue, newMinimum, newMaximum, meaning, choices, used);
  }

  /** The same, accepted for compatibility and without effect. */
  public ParameterDescription unused() {
    return new ParameterDescription(
        name, scope, type, defaultValue, minimum, maximum, meaning, choices, false);
  }

  /** A truth value or choice as a recipe writes it; empty for a number. */
  public Optional<String> word(double value) {
    return switch (type) {
      case FLAG -> Optional.of(String.valueOf(value != 0));
      case CHOICE -> Optional.of(choices.get((int) value));
      case NUMBER -> Optional.empty();
    };
  }

  /** Whether a recipe must give it. */
  public boolean required() {
    return defaultValue == null;
  }
}
