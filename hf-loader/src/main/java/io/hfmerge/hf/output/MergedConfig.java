package io.hfmerge.hf.output;

import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.hf.json.JsonEdit;
import io.hfmerge.plan.MergePlan;
import io.hfmerge.plan.PlannedTensor;
import io.hfmerge.plan.StackedLayers;
import io.hfmerge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;

/**
 * Changes the text of a {@code config.json} where the merged model has another number of layers,
 * another vocabulary or another tying than the model that the config is from; every other character
 * stays.
 */
final class MergedConfig {

  private static final int MAX_LAYERS = 100_000;

  private final MergePlan plan;
  private final HfModel layout;
  private final ModelConfig config;
  private final Function<String, HfModel> models;
  private final List<String> notes;
  private String text;

  /**
   * @param layout the model that lends the config
   * @param config its config
   * @param models open models by reference
   * @param notes takes what a reader must know
   */
  private MergedConfig(
      MergePlan plan,
      HfModel layout,
      ModelConfig config,
      Function<String, HfModel> models,
      List<String> notes,
      String text) {
    this.plan = plan;
    this.layout = layout;
    this.config = config;
    this.models = models;
    this.notes = notes;
    this.text = text;
  }

  /**
   * The text with all changes.
   *
   * @param layout the model that lends the config, which it has
   * @param models open models by reference
   * @param notes takes what a reader must know
   * @param text the config, with other changes already made
   */
  static String edit(
      MergePlan plan,
      HfModel layout,
      Function<String, HfModel> models,
      List<String> notes,
      String text) {
    MergedConfig edit =
        new MergedConfig(plan, layout, layout.config().orElseThrow(), models, notes, text);
    edit.setLayers();
    edit.setVocabulary();
    if (layout.structure().tiedAgainstConfig()) {
      edit.set(List.of("tie_word_embeddings"), "true");
      notes.add("config.json: tie_word_embeddings is true now, since there is one embedding");
    }
    return edit.text;
  }

  private void set(List<String> path, String value) {
    text = JsonEdit.set(text, path, value);
  }

  private void setLayers() {
    Map<String, List<String>> known = layout.structure().layerCountKeys();
    for (StackedLayers stack : plan.stacks()) {
      List<String> keys = known.get(stack.stack());
      if (keys == null) {
        setLayersByCount(stack);
        continue;
      }
      String key = keys.getFirst();
      int count = config.requiredCount(MAX_LAYERS, keys.toArray(String[]::new));
      if (!isWhole(stack, count)) {
        keepOthers(known, stack, key);
        set(List.of(key), String.valueOf(stack.layers().size()));
        new LayerKeys(stack, List.of(), count).edit(config, this::originConfig, this::set, notes);
      }
    }
  }

  /** Writes down the layer counts of stacks that until now follow from the key. */
  private void keepOthers(Map<String, List<String>> known, StackedLayers changed, String key) {
    known.forEach((stack, keys) -> {
      String own = keys.getFirst();
      boolean planned = plan.stacks().stream().anyMatch(other -> other.stack().equals(stack));
      if (!stack.equals(changed.stack()) && !planned && !own.equals(key) && !config.has(own)) {
        set(
            List.of(own),
            String.valueOf(config.requiredCount(MAX_LAYERS, keys.toArray(String[]::new))));
      }
    });
  }

  /** In a family without definition: the only key of the usual spelling with the old count. */
  private void setLayersByCount(StackedLayers stack) {
    int count = layerCount(stack);
    if (isWhole(stack, count)) {
      return;
    }
    List<List<String>> found = LayerKeys.findCount(config, stack.stack(), count);
    if (found.size() != 1) {
      notes.add(
          "config.json: set the number of layers of "
              + stack.stack()
              + " to "
              + stack.layers().size()
              + " by hand; "
              + (found.isEmpty()
                  ? "no key of the usual names says " + count
                  : "these keys say "
                      + count
                      + ": "
                      + String.join(
                          ", ", found.stream().map(path -> String.join(".", path)).toList())));
      return;
    }
    List<String> path = found.getFirst();
    List<String> scope = path.subList(0, path.size() - 1);
    set(path, String.valueOf(stack.layers().size()));
    new LayerKeys(stack, scope, count).edit(config, this::originConfig, this::set, notes);
  }

  private int layerCount(StackedLayers stack) {
    return layout.checkpoint().tensors().stream()
        .map(tensor -> layout.structure().canonical(tensor.name()))
        .flatMap(name -> layout.structure().layer(name).stream())
        .filter(position -> position.stack().equals(stack.stack()))
        .mapToInt(position -> position.count())
        .findFirst()
        .orElse(0);
  }

  /** Whether the output has the layers of the layout in their order. */
  private boolean isWhole(StackedLayers stack, int count) {
    List<StackedLayers.Origin> layers = stack.layers();
    for (int i = 0; i < layers.size(); i++) {
      StackedLayers.Origin origin = layers.get(i);
      if (origin.layer() != i || !origin.input().reference().equals(layout.reference())) {
        return false;
      }
    }
    return layers.size() == count;
  }

  private ModelConfig originConfig(StackedLayers.Origin origin) {
    return models.apply(origin.input().reference()).config().orElse(config);
  }

  /**
   * Cropped embeddings have fewer rows than the config says; where the recipe chooses a vocabulary,
   * that decides.
   */
  private void setVocabulary() {
    if (plan.recipe().tokenizer() != null) {
      return;
    }
    for (PlannedTensor tensor : plan.tensors()) {
      TensorSpec output = tensor.output();
      TensorSpec stored = layout.checkpoint().find(output.name()).orElse(output);
      if (stored.shape().equals(output.shape())
          || !layout.structure().isVocabulary(layout.structure().canonical(output.name()))) {
        continue;
      }
      long rows = output.shape().dimension(0);
      OptionalInt said = config.count(Integer.MAX_VALUE, "vocab_size");
      if (said.isPresent() && said.getAsInt() == stored.shape().dimension(0)) {
        set(List.of("vocab_size"), String.valueOf(rows));
        notes.add(
            "config.json: vocab_size is " + rows + " now; tokens from that id on are cut off");
      } else {
        notes.add(
            "config.json: \""
                + output.name()
                + "\" has "
                + rows
                + " rows now; check the vocabulary");
      }
      return;
    }
  }

  /** A value of a config below some keys; {@code null} where there is none. */
  static JsonNode at(ModelConfig config, List<String> path) {
    JsonNode node = config.tree();
    for (String key : path) {
      node = node.path(key);
    }
    return Objects.requireNonNull(node);
  }

  /** The keys of an object, in its order. */
  static List<String> keys(JsonNode object) {
    return new ArrayList<>(object.propertyNames());
  }
}
