package io.hfmerge.recipe;

import java.util.Map;

/**
 * Layers of one model that become layers of a slice.
 *
 * @param reference canonical form of a {@link ModelReference}
 * @param layers which of its layers
 * @param parameters by name; they win over those of the slice, the module and the recipe
 */
public record SliceSource(
    String reference, LayerRange layers, Map<String, ParameterValue> parameters) {

  public SliceSource {
    parameters = OrderedMaps.copyOf(parameters);
    if (reference.isBlank()) {
      throw new IllegalArgumentException("a source without a reference");
    }
  }

  /** A source without parameters of its own. */
  public SliceSource(String reference, int start, int end) {
    this(reference, new LayerRange(start, end), Map.of());
  }
}
