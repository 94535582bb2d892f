package io.hfmerge.recipe;

import java.util.Map;

/**
 * One of the models of a recipe.
 *
 * @param reference canonical form of a {@link ModelReference}
 * @param parameters by name; they win over the recipe's own
 */
public record ModelEntry(String reference, Map<String, ParameterValue> parameters) {

  public ModelEntry {
    parameters = OrderedMaps.copyOf(parameters);
    if (reference.isBlank()) {
      throw new IllegalArgumentException("a model without a reference");
    }
  }
}
