package io.hfmerge.recipe;

import java.util.List;
import java.util.Map;

/**
 * What one module of the output (T5's encoder, a vision tower) is made of: whole modules of models,
 * or slices of their layers.
 *
 * @param models in the order of summation; empty where there are slices
 * @param slices in the order of the output's layers; empty where there are models
 * @param parameters by name; they win over the recipe's
 */
public record RecipeModule(
    List<ModelEntry> models, List<Slice> slices, Map<String, ParameterValue> parameters) {

  public RecipeModule {
    models = List.copyOf(models);
    slices = List.copyOf(slices);
    parameters = OrderedMaps.copyOf(parameters);
    if (!models.isEmpty() && !slices.isEmpty()) {
      throw new IllegalArgumentException("models beside slices");
    }
  }
}
