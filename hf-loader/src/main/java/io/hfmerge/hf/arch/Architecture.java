package io.hfmerge.hf.arch;

import io.hfmerge.hf.arch.BalanceTraits.Mlp;
import io.hfmerge.plan.TensorNaming;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * A family of models as data: how its config spells its sizes and what its tensors are called.
 * Nothing here knows a checkpoint; {@link Architectures#structure} applies it to one.
 *
 * <p>A canonical name is a stored name without its optional prefix and with today's spelling.
 *
 * @param modelTypes values of the config's {@code model_type} that mean this family
 * @param prefixes optional starts of stored names, of which one is stripped
 * @param spellings ends of old names and what they are today
 * @param sizes config keys of the sizes
 * @param stacks the layers
 * @param tied canonical names of one weight
 * @param modules parts that may be merged each in its own way, with the starts of their canonical
 *     names; empty for models of one part. A tensor that none of them claims belongs to the last
 * @param words starts of canonical names outside the layers, and what to call those tensors
 * @param rotary rotation of queries and keys
 * @param queryKeyNorm whether queries and keys are normalised after the projection, unless the
 *     config says
 * @param queryKeyNormKeys config keys that say so; may be empty
 * @param gated whether the MLP is gated; else its kind follows from the activation
 * @param activationKeys config keys of the activation
 */
public record Architecture(
    List<String> modelTypes,
    List<String> prefixes,
    Map<String, String> spellings,
    SizeKeys sizes,
    List<LayerStack> stacks,
    List<TiedNames> tied,
    SequencedMap<String, List<String>> modules,
    SequencedMap<String, String> words,
    RotaryRule rotary,
    boolean queryKeyNorm,
    List<String> queryKeyNormKeys,
    boolean gated,
    List<String> activationKeys) {

  public Architecture {
    modelTypes = List.copyOf(modelTypes);
    prefixes = List.copyOf(prefixes);
    spellings = Map.copyOf(spellings);
    stacks = List.copyOf(stacks);
    tied = List.copyOf(tied);
    modules = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(modules));
    words = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(words));
    queryKeyNormKeys = List.copyOf(queryKeyNormKeys);
    activationKeys = List.copyOf(activationKeys);
    if (modelTypes.isEmpty() || stacks.isEmpty()) {
      throw new IllegalArgumentException("an architecture needs a model type and layers");
    }
    for (LayerStack stack : stacks) {
      stack.byModule();
    }
  }

  /**
   * Starts a definition.
   *
   * @param modelTypes values of {@code model_type} that mean this family
   */
  public static Builder of(String... modelTypes) {
    return new Builder(List.of(modelTypes));
  }

  /** The stored name without optional prefix and with today's spelling. */
  public String canonical(String name) {
    String canonical = name.substring(prefixLength(name));
    if (spellings.isEmpty()) {
      return canonical;
    }
    for (Map.Entry<String, String> spelling : spellings.entrySet()) {
      if (canonical.endsWith(spelling.getKey())) {
        int kept = canonical.length() - spelling.getKey().length();
        return canonical.substring(0, kept) + spelling.getValue();
      }
    }
    return canonical;
  }

  /** Length of the optional prefix that a stored name has. */
  int prefixLength(String name) {
    for (String prefix : prefixes) {
      if (name.startsWith(prefix) && name.length() > prefix.length()) {
        return prefix.length();
      }
    }
    return 0;
  }

  /** The module of a canonical name. */
  String module(String canonicalName) {
    if (modules.isEmpty()) {
      return TensorNaming.WHOLE;
    }
    return modules.entrySet().stream()
        .filter(module -> module.getValue().stream().anyMatch(canonicalName::startsWith))
        .map(Map.Entry::getKey)
        .findFirst()
        .orElseGet(() -> modules.lastEntry().getKey());
  }

  /** What the definition calls a tensor outside the layers. */
  Optional<String> word(String canonicalName) {
    return words.entrySet().stream()
        .filter(entry -> canonicalName.startsWith(entry.getKey()))
        .map(Map.Entry::getValue)
        .findFirst();
  }

  /** Kind of the MLP, by the activation's name where the MLP has no gate. */
  Mlp mlp(Optional<String> activation) {
    if (gated || activation.filter(name -> name.startsWith("gated-")).isPresent()) {
      return Mlp.GATED;
    }
    return switch (activation.orElse("")) {
      case "relu" -> Mlp.HOMOGENEOUS;
      case "gelu",
          "gelu_new",
          "gelu_fast",
          "gelu_python",
          "gelu_pytorch_tanh",
          "quick_gelu",
          "silu",
          "swish",
          "mish",
          "tanh",
          "sigmoid" ->
          Mlp.SMOOTH;
      default -> Mlp.UNKNOWN;
    };
  }

  /** Collects an {@link Architecture}. */
  public static final class Builder {

    private final List<String> modelTypes;
    private final List<String> prefixes = new ArrayList<>();
    private final Map<String, String> spellings = new LinkedHashMap<>();
    private final List<LayerStack> stacks = new ArrayList<>();
    private final List<TiedNames> tied = new ArrayList<>();
    private final SequencedMap<String, List<String>> modules = new LinkedHashMap<>();
    private final SequencedMap<String, String> words = new LinkedHashMap<>();
    private SizeKeys sizes = SizeKeys.STANDARD;
    private RotaryRule rotary = RotaryRule.NONE;
    private boolean queryKeyNorm;
    private List<String> queryKeyNormKeys = List.of();
    private boolean gated;
    private List<String> activationKeys = List.of("hidden_act");

    private Builder(List<String> modelTypes) {
      this.modelTypes = modelTypes;
    }

    /** Adds an optional start of stored names. */
    public Builder prefix(String prefix) {
      prefixes.add(prefix);
      return this;
    }

    /** Adds an old end of names and its spelling of today. */
    public Builder spelling(String old, String today) {
      spellings.put(old, today);
      return this;
    }

    /** Sets config keys other than {@link SizeKeys#STANDARD}. */
    public Builder sizes(SizeKeys keys) {
      sizes = keys;
      return this;
    }

    /** Adds layers. */
    public Builder stack(LayerStack.Builder stack) {
      stacks.add(stack.build());
      return this;
    }

    /** Adds names of one weight. */
    public Builder tied(TiedNames.When when, String... names) {
      tied.add(new TiedNames(List.of(names), when));
      return this;
    }

    /** Adds a module and the starts of its canonical names. */
    public Builder module(String name, String... starts) {
      modules.put(name, List.of(starts));
      return this;
    }

    /** Says what to call tensors outside the layers, by the start of their canonical names. */
    public Builder words(String word, String... starts) {
      for (String start : starts) {
        words.put(start, word);
      }
      return this;
    }

    /** Sets the rotation of queries and keys. */
    public Builder rotary(RotaryRule rule) {
      rotary = rule;
      return this;
    }

    /** Says that queries and keys are normalised after the projection. */
    public Builder queryKeyNorm() {
      queryKeyNorm = true;
      return this;
    }

    /** Says which config key tells whether queries and keys are normalised. */
    public Builder queryKeyNorm(String key) {
      queryKeyNormKeys = List.of(key);
      return this;
    }

    /** Says that the MLP is gated. */
    public Builder gated() {
      gated = true;
      return this;
    }

    /** Sets the config keys of the activation of an MLP without gate. */
    public Builder activation(String... keys) {
      activationKeys = List.of(keys);
      return this;
    }

    public Architecture build() {
      return new Architecture(
          modelTypes,
          prefixes,
          spellings,
          sizes,
          stacks,
          tied,
          modules,
          words,
          rotary,
          queryKeyNorm,
          queryKeyNormKeys,
          gated,
          activationKeys);
    }
  }
}
