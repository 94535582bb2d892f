package io.hfmerge.hf.checklist;

import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.arch.ModelStructure;
import io.hfmerge.plan.TensorNaming.LayerPosition;
import io.hfmerge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Compares the layers of each stack with the config's count and with each other: a tensor that all
 * other layers have is missing. Buffers do not count; models whose config makes layers differ are
 * not compared.
 */
final class LayerCensus {

  private static final int MAX_NAMED = 5;

  /** Keys of configs that let layers hold different tensors. */
  private static final String[] MIXED_LAYERS = {
    "layer_types",
    "layers_block_type",
    "num_experts",
    "num_local_experts",
    "n_routed_experts",
    "first_k_dense_replace",
    "cross_attention_layers"
  };

  private LayerCensus() {}

  static List<Finding> of(HfModel model) {
    ModelStructure structure = model.structure();
    Map<String, Map<Integer, Set<String>>> stacks = new TreeMap<>();
    Map<String, Integer> counts = new TreeMap<>();
    for (TensorSpec tensor : model.checkpoint().tensors()) {
      if (structure.isBuffer(tensor)) {
        continue;
      }
      String canonical = structure.canonical(tensor.name());
      Optional<LayerPosition> place = structure.layer(canonical);
      if (place.isPresent()) {
        counts.put(place.get().stack(), place.get().count());
        stacks
            .computeIfAbsent(place.get().stack(), stack -> new TreeMap<>())
            .computeIfAbsent(place.get().index(), index -> new TreeSet<>())
            .add(structure.inLayer(canonical, 0));
      }
    }
    boolean mixed = model.config().filter(config -> config.has(MIXED_LAYERS)).isPresent();
    List<Finding> findings = new ArrayList<>();
    stacks.forEach((stack, layers) -> compare(model, counts, stack, layers, mixed, findings));
    return findings;
  }

  private static void compare(
      HfModel model,
      Map<String, Integer> counts,
      String stack,
      Map<Integer, Set<String>> layers,
      boolean mixed,
      List<Finding> findings) {
    int count = counts.getOrDefault(stack, 0);
    List<Integer> absent = new ArrayList<>();
    for (int layer = 0; layer < count; layer++) {
      if (!layers.containsKey(layer)) {
        absent.add(layer);
      }
    }
    if (!absent.isEmpty()) {
      findings.add(
          new Finding(
              "layers " + stack,
              count + " layers, as config.json says",
              "no tensors of " + list(absent.stream().map(layer -> "layer " + layer).toList())));
    }
    List<Integer> beyond = layers.keySet().stream().filter(layer -> layer >= count).toList();
    if (!beyond.isEmpty()) {
      findings.add(
          new Finding(
              "layers " + stack,
              count + " layers, as config.json says",
              "tensors of " + list(beyond.stream().map(layer -> "layer " + layer).toList())));
    }
    if (mixed) {
      return;
    }
    Set<String> all = new TreeSet<>();
    layers.values().forEach(all::addAll);
    layers.forEach((layer, names) -> {
      List<String> missing =
          all.stream()
              .filter(name -> !names.contains(name))
              .map(name -> model.structure().inLayer(name, layer))
              .toList();
      if (!missing.isEmpty()) {
        findings.add(
            new Finding(
                "layer " + layer + " of " + stack,
                "the tensors that other layers have",
                "none called " + list(missing)));
      }
    });
  }

  private static String list(List<String> names) {
    int shown = Math.min(MAX_NAMED, names.size());
    return String.join(", ", names.subList(0, shown))
        + (shown < names.size() ? " and " + (names.size() - shown) + " more" : "");
  }
}
