package io.hfmerge.hf.arch.builtin;

import static io.hfmerge.hf.arch.TiedNames.When.ALWAYS;
import static io.hfmerge.hf.arch.TiedNames.When.UNLESS_CONFIG_UNTIES;

import io.hfmerge.hf.arch.Architecture;
import io.hfmerge.hf.arch.LayerStack;
import io.hfmerge.hf.arch.Role;
import io.hfmerge.hf.arch.SizeKeys;
import java.util.List;

/** Families with an encoder: BERT and its like, ViT, T5. */
final class EncoderFamilies {

  private static final String LAYERS = "num_hidden_layers";

  private EncoderFamilies() {}

  static List<Architecture> all() {
    return List.of(bert(), roberta(), distilbert(), vit(), t5());
  }

  private static Architecture bert() {
    return bertLike("bert")
        .prefix("bert.")
        .tied(
            UNLESS_CONFIG_UNTIES,
            "embeddings.word_embeddings.weight",
            "cls.predictions.decoder.weight")
        .tied(ALWAYS, "cls.predictions.bias", "cls.predictions.decoder.bias")
        .words("head", "cls.", "classifier.", "qa_outputs.")
        .build();
  }

  private static Architecture roberta() {
    return bertLike("roberta", "xlm-roberta", "camembert")
        .prefix("roberta.")
        .tied(UNLESS_CONFIG_UNTIES, "embeddings.word_embeddings.weight", "lm_head.decoder.weight")
        .tied(ALWAYS, "lm_head.bias", "lm_head.decoder.bias")
        .words("head", "lm_head.", "classifier.", "qa_outputs.")
        .build();
  }

  private static Architecture.Builder bertLike(String... modelTypes) {
    return Architecture.of(modelTypes)
        .spelling("LayerNorm.gamma", "LayerNorm.weight")
        .spelling("LayerNorm.beta", "LayerNorm.bias")
        .sizes(SizeKeys.of("hidden_size", "num_attention_heads", "intermediate_size"))
        .stack(
            LayerStack.at("encoder.layer.{n}.", LAYERS)
                .attention("attention.self.query", "attention.self.key", "attention.self.value")
                .of(Role.O, "attention.output.dense")
                .mlp("intermediate.dense", "output.dense"));
  }

  private static Architecture distilbert() {
    return Architecture.of("distilbert")
        .prefix("distilbert.")
        .spelling("LayerNorm.gamma", "LayerNorm.weight")
        .spelling("LayerNorm.beta", "LayerNorm.bias")
        .sizes(SizeKeys.of("dim", "n_heads", "hidden_dim"))
        .stack(
            LayerStack.at("transformer.layer.{n}.", "n_layers")
                .attention("attention.q_lin", "attention.k_lin", "attention.v_lin")
                .of(Role.O, "attention.out_lin")
                .mlp("ffn.lin1", "ffn.lin2"))
        .tied(UNLESS_CONFIG_UNTIES, "embeddings.word_embeddings.weight", "vocab_projector.weight")
        .words("head", "vocab_", "pre_classifier.", "classifier.", "qa_outputs.")
        .activation("activation")
        .build();
  }

  private static Architecture vit() {
    return Architecture.of("vit")
        .prefix("vit.")
        .sizes(SizeKeys.of("hidden_size", "num_attention_heads", "intermediate_size"))
        .stack(
            LayerStack.at("encoder.layer.{n}.", LAYERS)
                .attention(
                    "attention.attention.query",
                    "attention.attention.key",
                    "attention.attention.value")
                .of(Role.O, "attention.output.dense")
                .mlp("intermediate.dense", "output.dense"))
        .words("head", "classifier.", "decoder.")
        .build();
  }

  private static Architecture t5() {
    return Architecture.of("t5")
        .prefix("transformer.")
        .sizes(SizeKeys.of("d_model", "num_heads", "d_ff").headWidth("d_kv"))
        .stack(
            t5SelfAttention("encoder.block.{n}.", "num_layers")
                .named("encoder")
                .gatedMlp(
                    "layer.1.DenseReluDense.wi_0",
                    "layer.1.DenseReluDense.wi_1",
                    "layer.1.DenseReluDense.wo")
                .of(Role.M1, "layer.1.DenseReluDense.wi"))
        .stack(
            t5SelfAttention("decoder.block.{n}.", "num_decoder_layers", "num_layers")
                .named("decoder")
                .gatedMlp(
                    "layer.2.DenseReluDense.wi_0",
                    "layer.2.DenseReluDense.wi_1",
                    "layer.2.DenseReluDense.wo")
                .of(Role.M1, "layer.2.DenseReluDense.wi"))
        .stack(
            LayerStack.at("decoder.block.{n}.", "num_decoder_layers", "num_layers")
                .named("decoder.cross")
                .attention(
                    "layer.1.EncDecAttention.q",
                    "layer.1.EncDecAttention.k",
                    "layer.1.EncDecAttention.v")
                .of(Role.O, "layer.1.EncDecAttention.o")
                .shared("position bias", "layer.1.EncDecAttention.relative_attention_bias"))
        .tied(UNLESS_CONFIG_UNTIES, "shared.weight", "lm_head.weight")
        .tied(ALWAYS, "shared.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight")
        .module("encoder", "encoder.")
        .module("decoder", "decoder.")
        .module("shared", "shared.", "lm_head.")
        .activation("feed_forward_proj")
        .build();
  }

  private static LayerStack.Builder t5SelfAttention(String template, String... countKeys) {
    return LayerStack.at(template, countKeys)
        .attention("layer.0.SelfAttention.q", "layer.0.SelfAttention.k", "layer.0.SelfAttention.v")
        .of(Role.O, "layer.0.SelfAttention.o")
        .shared("position bias", "layer.0.SelfAttention.relative_attention_bias");
  }
}
