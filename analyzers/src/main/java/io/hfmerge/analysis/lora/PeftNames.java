package io.hfmerge.analysis.lora;

import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.arch.Architecture;
import io.hfmerge.hf.arch.Architectures;
import io.hfmerge.hf.arch.ModelStructure;
import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.tensor.TensorSpec;
import java.util.List;
import java.util.Optional;

/**
 * Names of a base's tensors in the Python class that PEFT will load: today's spelling, with the
 * prefix of the class. A file saved from a bare class has no prefix, though the class in its config
 * has one.
 */
final class PeftNames {

  private final ModelStructure structure;
  private final String missingPrefix;
  private final String usedPrefix;

  PeftNames(HfModel base) {
    this.structure = base.structure();
    List<String> prefixes =
        Architectures.load()
            .find(structure.modelType())
            .map(Architecture::prefixes)
            .orElse(List.of());
    boolean bareClass =
        base.config().map(ModelConfig::architectures).orElse(List.of()).stream()
            .allMatch(name -> name.endsWith("Model") && !name.endsWith("LMHeadModel"));
    this.usedPrefix =
        prefixes.stream()
            .filter(prefix ->
                base.checkpoint().tensors().stream()
                    .anyMatch(spec -> spec.name().startsWith(prefix)))
            .findFirst()
            .orElse("");
    boolean prefixed = !usedPrefix.isEmpty();
    this.missingPrefix = prefixed || bareClass || prefixes.isEmpty() ? "" : prefixes.getFirst();
  }

  /** The name of a tensor in the model that PEFT wraps. */
  String of(TensorSpec spec) {
    String canonical = structure.canonical(spec.name());
    boolean head = structure.describe(spec).equals("head");
    if (!missingPrefix.isEmpty()) {
      return head ? canonical : missingPrefix + canonical;
    }
    return prefix(spec.name(), canonical) + canonical;
  }

  /**
   * The name of the other use of a tied weight.
   *
   * @param canonical a name that the base's file has not
   * @param twin the tensor that it is tied to
   */
  String ofTied(String canonical, TensorSpec twin) {
    TensorSpec tied = new TensorSpec(canonical, twin.dtype(), twin.shape());
    boolean head = structure.describe(tied).equals("head");
    return head ? canonical : missingPrefix + usedPrefix + canonical;
  }

  /** What was stripped: all before the first part of the canonical name. */
  private static String prefix(String name, String canonical) {
    int first = canonical.indexOf('.');
    String start = first < 0 ? canonical : canonical.substring(0, first + 1);
    int at = name.startsWith(start) ? 0 : name.indexOf('.' + start);
    return at <= 0 ? "" : name.substring(0, at + 1);
  }

  /** PEFT's task of the class in a config; empty where there is no telling. */
  static Optional<String> taskType(HfModel base) {
    List<String> classes = base.config().map(ModelConfig::architectures).orElse(List.of());
    if (classes.isEmpty()) {
      return Optional.empty();
    }
    String name = classes.getFirst();
    if (name.endsWith("ForCausalLM") || name.endsWith("LMHeadModel")) {
      return Optional.of("CAUSAL_LM");
    }
    return name.endsWith("ForConditionalGeneration") && name.contains("T5")
        ? Optional.of("SEQ_2_SEQ_LM")
        : Optional.empty();
  }
}
