package io.hfmerge.hf.djl.model;

import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.config.ModelConfig;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** How many keys a query sees in each layer: sliding windows, as Mistral and Qwen have them. */
record LayerWindows(List<Integer> windows) {

  private static final int MAX_WINDOW = 1_000_000_000;

  LayerWindows {
    windows = List.copyOf(windows);
  }

  /** The window of a layer; 0 where it sees everything. */
  int window(int layer) {
    return windows.get(layer);
  }

  static LayerWindows read(ModelConfig config, int layers) {
    int width = config.count(MAX_WINDOW, "sliding_window").orElse(0);
    boolean used = width > 0 && config.bool("use_sliding_window").orElse(true);
    int firstSliding =
        config.has("use_sliding_window") ? (int) config.integer("max_window_layers").orElse(0) : 0;
    List<String> kinds = kinds(config, layers);
    List<Integer> windows = new ArrayList<>();
    for (int i = 0; i < layers; i++) {
      boolean sliding =
          kinds.isEmpty() ? used && i >= firstSliding : kinds.get(i).equals("sliding_attention");
      if (sliding && width == 0) {
        throw config.malformed("sliding_window", "the width of layer_types' windows", "nothing");
      }
      windows.add(sliding ? width : 0);
    }
    return new LayerWindows(windows);
  }

  private static List<String> kinds(ModelConfig config, int layers) {
    JsonNode node = config.tree().get("layer_types");
    if (node == null || node.isNull()) {
      return List.of();
    }
    List<String> kinds = new ArrayList<>();
    for (JsonNode kind : node) {
      String name = kind.asString("");
      if (!name.equals("full_attention") && !name.equals("sliding_attention")) {
        throw new UnsupportedFeatureException(
            "%s: layer type %s: expected full_attention or sliding_attention"
                .formatted(config, kind));
      }
      kinds.add(name);
    }
    if (kinds.size() != layers) {
      throw config.malformed("layer_types", layers + " names", kinds.size() + " names");
    }
    return kinds;
  }
}
