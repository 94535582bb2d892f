package io.hfmerge.hf.djl.model;

import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.hf.djl.block.Head.Pooling;
import io.hfmerge.hf.djl.block.Normalization.Kind;
import io.hfmerge.hf.djl.block.PositionRule;
import io.hfmerge.hf.djl.block.TransformerLayer.Arrangement;
import io.hfmerge.hf.djl.model.Family.ActivationRule;
import io.hfmerge.hf.djl.model.Family.Embedding;
import io.hfmerge.hf.djl.model.Family.HeadRule;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** The families that run. */
final class Families {

  private static final Predicate<ModelConfig> ALWAYS = constant(true);
  private static final Predicate<ModelConfig> NEVER = constant(false);
  private static final Predicate<ModelConfig> ATTENTION_BIAS = flag("attention_bias", false);

  private static final List<Family> ALL =
      List.of(
          bert(),
          roberta(),
          vit(),
          gpt2(),
          gptj(),
          gptNeox(),
          phi(),
          gated("llama").biases(ATTENTION_BIAS, ATTENTION_BIAS, flag("mlp_bias", false)).build(),
          gated("mistral").build(),
          gated("qwen2").biases(ALWAYS, NEVER, NEVER).build(),
          gated("qwen3")
              .biases(ATTENTION_BIAS, ATTENTION_BIAS, NEVER)
              .headNorms("self_attn.q_norm", "self_attn.k_norm", ALWAYS)
              .build(),
          gemma());

  private Families() {}

  /** The family of a {@code model_type}. */
  static Optional<Family> find(String modelType) {
    return ALL.stream().filter(family -> family.modelType().equals(modelType)).findFirst();
  }

  /** Every {@code model_type} that runs. */
  static List<String> modelTypes() {
    return ALL.stream().map(Family::modelType).toList();
  }

  private static Family bert() {
    return bertLike("bert")
        .head(
            new HeadRule.Vocabulary(
                Task.MASKED_LM,
                "cls.predictions.decoder",
                "cls.predictions.bias",
                "cls.predictions.transform.dense",
                "cls.predictions.transform.LayerNorm",
                null))
        .head(
            new HeadRule.Classes(
                Task.SEQUENCE_CLASSIFICATION, Pooling.POOLER, null, "classifier", true))
        .others("cls.seq_relationship.", "qa_outputs.")
        .build();
  }

  private static Family roberta() {
    return bertLike("roberta")
        .positions(PositionRule.BY_PADDING_ID)
        .head(
            new HeadRule.Vocabulary(
                Task.MASKED_LM,
                "lm_head.decoder",
                "lm_head.bias",
                "lm_head.dense",
                "lm_head.layer_norm",
                "gelu"))
        .head(
            new HeadRule.Classes(
                Task.SEQUENCE_CLASSIFICATION,
                Pooling.FIRST,
                "classifier.dense",
                "classifier.out_proj",
                true))
        .others("qa_outputs.")
        .build();
  }

  private static Family.Builder bertLike(String modelType) {
    return Family.of(modelType)
        .bidirectional()
        .arrangement(Arrangement.POST_NORM)
        .norms(Kind.LAYER, "layer_norm_eps")
        .layerNorms("attention.output.LayerNorm", "output.LayerNorm")
        .finalNorm(null)
        .embedding(
            new Embedding.Tokens(
                "embeddings.word_embeddings.weight",
                "embeddings.position_embeddings.weight",
                "embeddings.token_type_embeddings.weight",
                "embeddings.LayerNorm",
                false))
        .activation("hidden_act", "gelu")
        .biases(ALWAYS, ALWAYS, ALWAYS)
        .pooler("pooler.dense")
        .head(
            new HeadRule.Classes(
                Task.TOKEN_CLASSIFICATION, Pooling.EACH, null, "classifier", true));
  }

  private static Family vit() {
    return Family.of("vit")
        .bidirectional()
        .norms(Kind.LAYER, "layer_norm_eps")
        .layerNorms("layernorm_before", "layernorm_after")
        .finalNorm("layernorm")
        .embedding(
            new Embedding.Patches(
                "embeddings.patch_embeddings.projection",
                "embeddings.cls_token",
                "embeddings.position_embeddings"))
        .activation("hidden_act", "gelu")
        .biases(flag("qkv_bias", true), ALWAYS, ALWAYS)
        .pooler("pooler.dense")
        .head(
            new HeadRule.Classes(
                Task.IMAGE_CLASSIFICATION, Pooling.FIRST, null, "classifier", true))
        .others("embeddings.mask_token", "decoder.")
        .build();
  }

  private static Family gpt2() {
    return Family.of("gpt2")
        .norms(Kind.LAYER, "layer_norm_epsilon")
        .layerNorms("ln_1", "ln_2")
        .finalNorm("ln_f")
        .embedding(new Embedding.Tokens("wte.weight", "wpe.weight", null, null, false))
        .activation("activation_function", "gelu_new")
        .biases(ALWAYS, ALWAYS, ALWAYS)
        .head(causal("lm_head", false))
        .head(lastToken())
        .build();
  }

  private static Family gptj() {
    return Family.of("gptj")
        .arrangement(Arrangement.PARALLEL)
        .norms(Kind.LAYER, "layer_norm_epsilon")
        .layerNorms("ln_1", null)
        .finalNorm("ln_f")
        .embedding(new Embedding.Tokens("wte.weight", null, null, null, false))
        .activation("activation_function", "gelu_new")
        .biases(NEVER, NEVER, ALWAYS)
        .scoresInF32()
        .head(causal("lm_head", true))
        .head(lastToken())
        .build();
  }

  private static Family gptNeox() {
    return Family.of("gpt_neox")
        .arrangement(Arrangement.PARALLEL)
        .norms(Kind.LAYER, "layer_norm_eps")
        .finalNorm("final_layer_norm")
        .embedding(new Embedding.Tokens("embed_in.weight", null, null, null, false))
        .activation("hidden_act", "gelu")
        .biases(flag("attention_bias", true), flag("attention_bias", true), ALWAYS)
        .head(causal("embed_out", false))
        .head(lastToken())
        .build();
  }

  private static Family phi() {
    return Family.of("phi")
        .arrangement(Arrangement.PARALLEL)
        .norms(Kind.LAYER, "layer_norm_eps")
        .layerNorms("input_layernorm", null)
        .headNorms("self_attn.q_layernorm", "self_attn.k_layernorm", flag("qk_layernorm", false))
        .finalNorm("final_layernorm")
        .activation("hidden_act", "gelu_new")
        .biases(ALWAYS, ALWAYS, ALWAYS)
        .scoresInF32()
        .head(causal("lm_head", true))
        .head(lastToken())
        .build();
  }

  private static Family gemma() {
    return gated("gemma")
        .norms(Kind.RMS_ONE_PLUS, "rms_norm_eps")
        .embedding(new Embedding.Tokens("embed_tokens.weight", null, null, null, true))
        .activation(
            new ActivationRule(
                List.of("hidden_activation", "hidden_act"), "gelu_pytorch_tanh", true))
        .biases(ATTENTION_BIAS, ATTENTION_BIAS, NEVER)
        .build();
  }

  /** LLaMA's skeleton. */
  private static Family.Builder gated(String modelType) {
    return Family.of(modelType).head(causal("lm_head", false)).head(lastToken());
  }

  private static HeadRule causal(String decoder, boolean bias) {
    return new HeadRule.Vocabulary(
        Task.CAUSAL_LM, decoder, bias ? decoder + ".bias" : null, null, null, null);
  }

  private static HeadRule lastToken() {
    return new HeadRule.Classes(Task.SEQUENCE_CLASSIFICATION, Pooling.LAST, null, "score", false);
  }

  private static Predicate<ModelConfig> constant(boolean value) {
    return config -> value;
  }

  private static Predicate<ModelConfig> flag(String key, boolean otherwise) {
    return config -> config.bool(key).orElse(otherwise);
  }
}
