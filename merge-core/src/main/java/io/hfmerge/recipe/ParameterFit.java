package io.hfmerge.recipe;

import io.hfmerge.method.ParameterDescription;
import org.jspecify.annotations.Nullable;

/** Whether what a recipe gives for a parameter is of the parameter's type and range. */
final class ParameterFit {

  private ParameterFit() {}

  /** The first value of a rule that does not fit, as messages show it; null if all do. */
  static @Nullable String firstWrong(ParameterRule rule, ParameterDescription parameter) {
    String word = rule.word();
    if (word != null) {
      return parameter.choices().contains(word)
          ? null
          : '"' + word + '"' + Spelling.hint(word, parameter.choices());
    }
    for (double knot : rule.knots()) {
      boolean fits =
          switch (parameter.type()) {
            case FLAG -> knot == 0 || knot == 1;
            case NUMBER -> knot >= parameter.minimum() && knot <= parameter.maximum();
            case CHOICE -> false;
          };
      if (!fits) {
        return rule.truth() ? String.valueOf(knot != 0) : String.valueOf(knot);
      }
    }
    return null;
  }
}
