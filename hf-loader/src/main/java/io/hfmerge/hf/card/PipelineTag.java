package io.hfmerge.hf.card;

import io.hfmerge.hf.config.ModelConfig;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** What a model is for, in the Hub's words, by the class that its config names. */
final class PipelineTag {

  /** By the end of the class's name. */
  private static final Map<String, String> BY_CLASS = new LinkedHashMap<>();

  static {
    BY_CLASS.put("ForCausalLM", "text-generation");
    BY_CLASS.put("LMHeadModel", "text-generation");
    BY_CLASS.put("ForMaskedLM", "fill-mask");
    BY_CLASS.put("ForSequenceClassification", "text-classification");
    BY_CLASS.put("ForTokenClassification", "token-classification");
    BY_CLASS.put("ForQuestionAnswering", "question-answering");
    BY_CLASS.put("ForImageClassification", "image-classification");
  }

  private PipelineTag() {}

  static Optional<String> of(ModelConfig config) {
    return config.architectures().stream()
        .flatMap(name ->
            BY_CLASS.entrySet().stream()
                .filter(entry -> name.endsWith(entry.getKey()))
                .map(Map.Entry::getValue))
        .findFirst();
  }
}
