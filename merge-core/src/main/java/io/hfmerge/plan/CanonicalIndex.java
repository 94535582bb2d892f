package io.hfmerge.plan;

import io.hfmerge.plan.TensorNaming.LayerPosition;
import io.hfmerge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The tensors of one checkpoint by canonical name and by layer. */
final class CanonicalIndex {

  /**
   * A tensor and where it belongs.
   *
   * @param canonical its canonical name
   * @param spec as stored
   * @param naming of its checkpoint
   */
  record Entry(String canonical, TensorSpec spec, TensorNaming naming) {

    /** Empty outside the layers. */
    Optional<LayerPosition> layer() {
      return naming.layer(canonical);
    }

    String module() {
      return naming.module(canonical);
    }
  }

  private final MergeInput input;
  private final Map<String, Entry> byCanonical = new LinkedHashMap<>();

  /** Names that are absent because their values are stored under the name they map to. */
  private final Map<String, String> tied = new HashMap<>();

  /** By module, then by stack, then by layer; only slices ask for it. */
  private @Nullable Map<String, Map<String, Map<Integer, List<Entry>>>> layers;

  /** A stored name by canonical name in layer 0. */
  private final Map<String, String> spellings = new HashMap<>();

  CanonicalIndex(MergeInput input, PlanProblems problems) {
    this.input = input;
    TensorNaming naming = input.naming();
    for (TensorSpec tensor : input.checkpoint().tensors()) {
      String canonical = naming.canonical(tensor.name());
      Entry entry = new Entry(canonical, tensor, naming);
      Entry other = byCanonical.putIfAbsent(canonical, entry);
      if (other != null) {
        problems.incompatible(
            input.reference()
                + ": tensors \""
                + other.spec().name()
                + "\" and \""
                + tensor.name()
                + "\" are both \""
                + canonical
                + '"');
        continue;
      }
      Optional<String> twin = naming.tiedWith(canonical);
      if (twin.isPresent()) {
        tied.putIfAbsent(twin.get(), canonical);
      }
    }
  }

  private Map<String, Map<String, Map<Integer, List<Entry>>>> layers() {
    Map<String, Map<String, Map<Integer, List<Entry>>>> known = layers;
    if (known == null) {
      known = new LinkedHashMap<>();
      for (Entry entry : byCanonical.values()) {
        Optional<LayerPosition> position = entry.layer();
        if (position.isPresent()) {
          known
              .computeIfAbsent(entry.module(), module -> new LinkedHashMap<>())
              .computeIfAbsent(position.get().stack(), stack -> new TreeMap<>())
              .computeIfAbsent(position.get().index(), layer -> new ArrayList<>())
              .add(entry);
        }
      }
      layers = known;
    }
    return known;
  }

  MergeInput input() {
    return input;
  }

  TensorNaming naming() {
    return input.naming();
  }

  String reference() {
    return input.reference();
  }

  Collection<Entry> entries() {
    return byCanonical.values();
  }

  Optional<TensorSpec> find(String canonical) {
    Entry entry = byCanonical.get(canonical);
    return entry == null ? Optional.empty() : Optional.of(entry.spec());
  }

  /** The tensor that holds the same values under the name it is tied with. */
  Optional<TensorSpec> findTied(String canonical) {
    Optional<TensorSpec> twin = naming().tiedWith(canonical).flatMap(this::find);
    return twin.isPresent() ? twin : Optional.ofNullable(tied.get(canonical)).flatMap(this::find);
  }

  /** The stacks of layers of a module. */
  Set<String> stacks(String module) {
    return new LinkedHashSet<>(layers().getOrDefault(module, Map.of()).keySet());
  }

  /** Number of layers of a stack; 0 if there is none of that name. */
  int layerCount(String module, String stack) {
    return stack(module, stack).values().stream()
        .flatMap(List::stream)
        .findFirst()
        .flatMap(Entry::layer)
        .map(LayerPosition::count)
        .orElse(0);
  }

  /** The tensors of a layer in the order of the file. */
  List<Entry> layer(String module, String stack, int layer) {
    return stack(module, stack).getOrDefault(layer, List.of());
  }

  private Map<Integer, List<Entry>> stack(String module, String stack) {
    return layers().getOrDefault(module, Map.of()).getOrDefault(stack, Map.of());
  }

  /**
   * How this checkpoint spells a tensor of a layer, by the same tensor of any layer that it has.
   *
   * @param canonical canonical name in the layer
   * @param layer the layer, which this checkpoint need not have
   * @return empty if no layer has such a tensor
   */
  Optional<String> spelling(String canonical, int layer) {
    if (spellings.isEmpty()) {
      layers().values().stream()
          .flatMap(stacks -> stacks.values().stream())
          .flatMap(stack -> stack.values().stream())
          .flatMap(List::stream)
          .forEach(entry ->
              spellings.putIfAbsent(naming().inLayer(entry.canonical(), 0), entry.spec().name()));
    }
    return Optional.ofNullable(spellings.get(naming().inLayer(canonical, 0)))
        .map(name -> naming().inLayer(name, layer));
  }
}
