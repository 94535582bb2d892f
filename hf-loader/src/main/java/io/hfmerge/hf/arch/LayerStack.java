package io.hfmerge.hf.arch;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * One stack of equal layers and what its tensors are: part of the vocabulary of {@link
 * Architecture}.
 *
 * @param name name of the stack in reports, empty where a model has only one
 * @param template start of its canonical tensor names, with {@code {n}} for the layer's number, as
 *     in {@code encoder.layer.{n}.}
 * @param countKeys config keys of the number of layers, the first present one counts
 * @param conv1d whether weights are stored {@code [in, out]} (GPT-2's Conv1D)
 * @param projections the weights with a role
 * @param shared modules that one layer holds for all of them, such as T5's position bias
 * @param words other modules of a layer and what to call them in {@link ModelStructure#describe}
 */
public record LayerStack(
    String name,
    String template,
    List<String> countKeys,
    boolean conv1d,
    List<Projection> projections,
    List<String> shared,
    SequencedMap<String, String> words) {

  /** The place of a layer's number in a template. */
  static final String LAYER = "{n}";

  public LayerStack {
    countKeys = List.copyOf(countKeys);
    projections = List.copyOf(projections);
    shared = List.copyOf(shared);
    words = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(words));
    int place = template.indexOf(LAYER);
    if (place < 0 || template.indexOf(LAYER, place + 1) >= 0 || !template.endsWith(".")) {
      throw new IllegalArgumentException(
          "layer template \"" + template + "\" needs one {n} and a dot at its end");
    }
    if (countKeys.isEmpty()) {
      throw new IllegalArgumentException(template + ": no config key for the number of layers");
    }
  }

  /**
   * Starts a definition.
   *
   * @param template start of the canonical tensor names, with {@code {n}} for the layer's number
   * @param countKeys config keys of the number of layers
   */
  public static Builder at(String template, String... countKeys) {
    return new Builder(template, List.of(countKeys));
  }

  /** Collects a {@link LayerStack}. */
  public static final class Builder {

    private final String template;
    private final List<String> countKeys;
    private final List<Projection> projections = new ArrayList<>();
    private final List<String> shared = new ArrayList<>();
    private final SequencedMap<String, String> words = new LinkedHashMap<>();
    private String name = "";
    private boolean conv1d;

    private Builder(String template, List<String> countKeys) {
      this.template = template;
      this.countKeys = countKeys;
    }

    /** Names the stack, where a model has several. */
    public Builder named(String stack) {
      name = stack;
      return this;
    }

    /** Says that weights are stored {@code [in, out]}. */
    public Builder conv1d() {
      conv1d = true;
      return this;
    }

    /** Adds separate Q, K and V. */
    public Builder attention(String query, String key, String value) {
      return of(Role.Q, query).of(Role.K, key).of(Role.V, value);
    }

    /** Adds a tensor of one role. */
    public Builder of(Role role, String module) {
      projections.add(Projection.of(role, module));
      return this;
    }

    /** Adds a tensor with several roles one after the other. */
    public Builder blocks(String module, Role... roles) {
      projections.add(Projection.blocks(module, roles));
      return this;
    }

    /** Adds Q, K and V fused head by head. */
    public Builder perHead(String module) {
      projections.add(Projection.perHead(module));
      return this;
    }

    /** Adds a gated MLP. */
    public Builder gatedMlp(String gate, String up, String down) {
      return of(Role.GATE, gate).of(Role.M1, up).of(Role.M2, down);
    }

    /** Adds an MLP without gate. */
    public Builder mlp(String in, String out) {
      return of(Role.M1, in).of(Role.M2, out);
    }

    /** Says what to call another module of the layer. */
    public Builder word(String word, String module) {
      words.put(module, word);
      return this;
    }

    /** Says that one layer holds a module for all of them, and what to call it. */
    public Builder shared(String word, String module) {
      shared.add(module);
      return word(word, module);
    }

    public LayerStack build() {
      return new LayerStack(name, template, countKeys, conv1d, projections, shared, words);
    }
  }

  /** The projections by module path. */
  Map<String, Projection> byModule() {
    Map<String, Projection> byModule = new LinkedHashMap<>();
    for (Projection projection : projections) {
      if (byModule.put(projection.module(), projection) != null) {
        throw new IllegalArgumentException(template + projection.module() + " is defined twice");
      }
    }
    return byModule;
  }
}
