package io.hfmerge.method;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a method is called, where it comes from and what it takes.
 *
 * @param name as in a recipe's {@code merge_method}
 * @param summary one line for people
 * @param papers sources; may be empty
 * @param base what it does with a base model
 * @param minimumModels fewest models to merge, the base not counted where the method uses it
 * @param maximumModels most models to merge, counted the same way
 * @param parameters all it knows; any other in a recipe is an error
 * @param formula what it computes, in a few lines of at most {@link #FORMULA_COLUMNS} characters;
 *     may be empty
 * @param departures how its numbers differ from mergekit's, a sentence each; {@code compat:
 *     mergekit} where it undoes one
 */
public record MethodDescription(
    String name,
    String summary,
    List<Paper> papers,
    BaseModelUse base,
    int minimumModels,
    int maximumModels,
    List<ParameterDescription> parameters,
    String formula,
    List<String> departures) {

  /** Widest line of a formula, so that it fits a terminal with some indent. */
  public static final int FORMULA_COLUMNS = 94;

  public MethodDescription {
    papers = List.copyOf(papers);
    parameters = List.copyOf(parameters);
    departures = List.copyOf(departures);
    if (formula.lines().anyMatch(line -> line.length() > FORMULA_COLUMNS)) {
      throw new IllegalArgumentException(
          name + ": a line of the formula is longer than " + FORMULA_COLUMNS);
    }
    if (!name.matches("[a-z][a-z0-9_]*")) {
      throw new IllegalArgumentException("not a method name: \"" + name + '"');
    }
    if (summary.isBlank() || summary.contains("\n")) {
      throw new IllegalArgumentException(name + ": the summary is one line");
    }
    if (minimumModels < 1 || maximumModels < minimumModels) {
      throw new IllegalArgumentException(
          name + ": takes " + minimumModels + " to " + maximumModels + " models");
    }
    Set<String> names = new HashSet<>();
    for (ParameterDescription parameter : parameters) {
      if (!names.add(parameter.name())) {
        throw new IllegalArgumentException(name + ": two parameters \"" + parameter.name() + '"');
      }
    }
  }

  /** A description without formula and departures. */
  public MethodDescription(
      String name,
      String summary,
      List<Paper> papers,
      BaseModelUse base,
      int minimumModels,
      int maximumModels,
      List<ParameterDescription> parameters) {
    this(name, summary, papers, base, minimumModels, maximumModels, parameters, "", List.of());
  }

  /** The same with a formula and the departures from mergekit. */
  public MethodDescription explained(String newFormula, String... newDepartures) {
    return new MethodDescription(
        name,
        summary,
        papers,
        base,
        minimumModels,
        maximumModels,
        parameters,
        newFormula.strip(),
        List.of(newDepartures));
  }

  /** The parameter of this name. */
  public Optional<ParameterDescription> parameter(String parameterName) {
    for (ParameterDescription parameter : parameters) {
      if (parameter.name().equals(parameterName)) {
        return Optional.of(parameter);
      }
    }
    return Optional.empty();
  }
}
