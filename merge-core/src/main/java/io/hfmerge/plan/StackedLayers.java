package io.hfmerge.plan;

import java.util.List;

/**
 * Where the layers of a stack come from that a recipe puts together from slices.
 *
 * @param stack as in {@link TensorNaming.LayerPosition#stack}, in the model that lends the names
 * @param layers for each layer of the output, the first of its sources
 */
public record StackedLayers(String stack, List<Origin> layers) {

  /**
   * A layer of a model.
   *
   * @param input the model
   * @param layer from 0
   */
  public record Origin(MergeInput input, int layer) {}

  public StackedLayers {
    layers = List.copyOf(layers);
  }
}
