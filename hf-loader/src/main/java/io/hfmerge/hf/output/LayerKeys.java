package io.hfmerge.hf.output;

import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.hf.json.PythonJson;
import io.hfmerge.plan.StackedLayers;
import io.hfmerge.plan.StackedLayers.Origin;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;

/**
 * Settings of a config that say something about single layers, carried over to a stack that was put
 * together from slices: every layer of the output keeps the setting that it had where it comes
 * from. What cannot be said for the new layers in the same way is left as it is, with a note.
 *
 * @param stack the new layers
 * @param scope keys of the object that holds the settings
 * @param count number of layers before
 */
record LayerKeys(StackedLayers stack, List<String> scope, int count) {

  /** Usual names of the number of layers. */
  private static final List<String> COUNTS =
      List.of(
          "num_hidden_layers",
          "n_layer",
          "n_layers",
          "num_layers",
          "encoder_layers",
          "decoder_layers",
          "depth");

  /** Objects within a config that describe one of several parts. */
  private static final List<String> PARTS =
      List.of("text_config", "vision_config", "audio_config", "llm_config", "language_config");

  /** An entry for each layer. */
  private static final Set<String> PER_LAYER =
      Set.of(
          "layer_types",
          "mlp_layer_types",
          "layers_block_type",
          "attention_layers",
          "no_rope_layers",
          "num_query_heads",
          "num_kv_heads",
          "ffn_multipliers",
          "intermediate_size",
          "activation_sparsity_pattern");

  /** Numbers of the layers that something is true of. */
  private static final Set<String> INDICES =
      Set.of(
          "mlp_only_layers",
          "moe_layers",
          "attn_layer_indices",
          "full_attn_idxs",
          "cross_attention_layers");

  /** The first layer that something is true of, as of all behind it. */
  private static final Set<String> THRESHOLDS =
      Set.of("max_window_layers", "first_k_dense_replace");

  /** Every so many layers something is true. */
  private static final Set<String> PERIODS =
      Set.of(
          "sliding_window_pattern",
          "full_attention_interval",
          "global_attn_every_n_layers",
          "attn_layer_period",
          "expert_layer_period",
          "decoder_sparse_step",
          "interleave_moe_layer_step",
          "no_rope_layer_interval",
          "moe_layer_freq");

  /** Fewer entries may well be something else than one for each layer. */
  private static final int WORTH_A_NOTE = 3;

  /** What stacks and settings of the same part have in their names. */
  private static final Map<String, String> WORDS =
      Map.of(
          "encoder", "encoder",
          "decoder", "decoder",
          "vision", "vision",
          "audio", "audio",
          "text", "text",
          "language", "text");

  /**
   * Paths of the keys of the usual names with a number of layers; of several only those that sound
   * like the stack, if any do.
   */
  static List<List<String>> findCount(ModelConfig config, String stack, int count) {
    List<List<String>> found = new ArrayList<>();
    JsonNode tree = config.tree();
    addCounts(tree, List.of(), count, found);
    for (String part : PARTS) {
      addCounts(tree.path(part), List.of(part), count, found);
    }
    List<List<String>> alike =
        found.stream()
            .filter(path ->
                WORDS.entrySet().stream()
                    .anyMatch(word ->
                        stack.contains(word.getKey())
                            && String.join(".", path).contains(word.getValue())))
            .toList();
    return found.size() > 1 && !alike.isEmpty() ? alike : found;
  }

  private static void addCounts(
      JsonNode object, List<String> scope, int count, List<List<String>> found) {
    for (String key : COUNTS) {
      if (object.path(key).isInt() && object.path(key).intValue() == count) {
        found.add(append(scope, key));
      }
    }
  }

  private static List<String> append(List<String> scope, String key) {
    List<String> path = new ArrayList<>(scope);
    path.add(key);
    return path;
  }

  /**
   * Carries the settings over.
   *
   * @param config the config to change
   * @param origins config of the model that a layer comes from
   * @param set takes the path of a key and its new value as JSON
   * @param notes takes what could not be carried over
   */
  void edit(
      ModelConfig config,
      Function<Origin, ModelConfig> origins,
      BiConsumer<List<String>, String> set,
      List<String> notes) {
    JsonNode object = MergedConfig.at(config, scope);
    for (String key : MergedConfig.keys(object)) {
      JsonNode value = object.path(key);
      List<String> path = append(scope, key);
      List<JsonNode> there =
          stack.layers().stream()
              .map(origin -> MergedConfig.at(origins.apply(origin), path))
              .toList();
      if (value.isArray() && value.size() == count && PER_LAYER.contains(key)) {
        perLayer(there, path, set, notes);
      } else if (value.isArray() && INDICES.contains(key)) {
        indices(there, path, set);
      } else if (value.isInt() && THRESHOLDS.contains(key)) {
        threshold(there, path, value.intValue(), set, notes);
      } else if (value.isInt() && value.intValue() > 1 && PERIODS.contains(key)) {
        period(path, value.intValue(), notes);
      } else if (value.isArray() && value.size() == count && count >= WORTH_A_NOTE) {
        notes.add(
            name(path)
                + " has as many entries as there were layers and is left as it is; check it");
      }
    }
  }

  private void perLayer(
      List<JsonNode> there,
      List<String> path,
      BiConsumer<List<String>, String> set,
      List<String> notes) {
    List<JsonNode> entries = new ArrayList<>();
    for (int i = 0; i < there.size(); i++) {
      JsonNode entry = there.get(i).path(stack.layers().get(i).layer());
      if (entry.isMissingNode()) {
        notes.add(
            name(path)
                + ": "
                + stack.layers().get(i).input().reference()
                + " has no entry for its layer "
                + stack.layers().get(i).layer()
                + "; left as it is, set it by hand");
        return;
      }
      entries.add(entry);
    }
    set.accept(path, PythonJson.line(entries));
  }

  private void indices(
      List<JsonNode> there, List<String> path, BiConsumer<List<String>, String> set) {
    List<Integer> indices = new ArrayList<>();
    for (int i = 0; i < there.size(); i++) {
      Set<Integer> layers = new HashSet<>();
      there.get(i).forEach(index -> layers.add(index.asInt(-1)));
      if (layers.contains(stack.layers().get(i).layer())) {
        indices.add(i);
      }
    }
    set.accept(path, PythonJson.line(indices));
  }

  private void threshold(
      List<JsonNode> there,
      List<String> path,
      int old,
      BiConsumer<List<String>, String> set,
      List<String> notes) {
    List<Boolean> before =
        IntStream.range(0, there.size())
            .mapToObj(i -> stack.layers().get(i).layer() < there.get(i).asInt(old))
            .toList();
    int first = before.indexOf(false);
    int threshold = first < 0 ? before.size() : first;
    if (before.subList(threshold, before.size()).contains(true)) {
      notes.add(
          name(path)
              + " is left at "
              + old
              + ": layers from before and from behind it stand in another order now; check it");
    } else if (threshold != old) {
      set.accept(path, String.valueOf(threshold));
    }
  }

  private void period(List<String> path, int period, List<String> notes) {
    boolean kept =
        IntStream.range(0, stack.layers().size())
            .allMatch(i -> (stack.layers().get(i).layer() - i) % period == 0);
    if (!kept) {
      notes.add(
          name(path)
              + " is left at "
              + period
              + ": it goes by the number of the layer, which is another one now; check it");
    }
  }

  private static String name(List<String> path) {
    return "config.json: " + String.join(".", path);
  }
}
