package io.hfmerge.hf.djl.model;

import java.util.Map;
import java.util.Optional;

/** What a model's head is for. */
public enum Task {
  /** The next token. */
  CAUSAL_LM,
  /** Tokens that are masked. */
  MASKED_LM,
  /** One class for a sequence. */
  SEQUENCE_CLASSIFICATION,
  /** One class for each token. */
  TOKEN_CLASSIFICATION,
  /** One class for an image. */
  IMAGE_CLASSIFICATION,
  /** No head: hidden and pooled states. */
  EMBEDDING;

  /** Ends of transformers' class names. */
  private static final Map<String, Task> BY_CLASS =
      Map.of(
          "ForCausalLM", CAUSAL_LM,
          "LMHeadModel", CAUSAL_LM,
          "ForMaskedLM", MASKED_LM,
          "ForPreTraining", MASKED_LM,
          "ForSequenceClassification", SEQUENCE_CLASSIFICATION,
          "ForTokenClassification", TOKEN_CLASSIFICATION,
          "ForImageClassification", IMAGE_CLASSIFICATION);

  /** The task of a class of transformers; empty for classes whose head is not known here. */
  static Optional<Task> ofClass(String name) {
    for (Map.Entry<String, Task> entry : BY_CLASS.entrySet()) {
      if (name.endsWith(entry.getKey())) {
        return Optional.of(entry.getValue());
      }
    }
    return name.endsWith("Model") ? Optional.of(EMBEDDING) : Optional.empty();
  }
}
