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
 */
public record MethodDescription(
    String name,
    String summary,
    List<Paper> papers,
    BaseModelUse base,
    int minimumModels,
    int maximumModels,
    List<ParameterDescription> parameters) {

  public MethodDescription {
    papers = List.copyOf(papers);
    parameters = List.copyOf(parameters);
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

  /** The parameter of this name. */
  public Optional<ParameterDescription> parameter(String parameterName) {
    return parameters.stream().filter(p -> p.name().equals(parameterName)).findFirst();
  }
}
