package io.hfmerge.hf.arch.builtin;

import static io.hfmerge.hf.arch.TiedNames.When.IF_CONFIG_TIES;
import static io.hfmerge.hf.arch.TiedNames.When.UNLESS_CONFIG_UNTIES;

import io.hfmerge.hf.arch.Architecture;
import io.hfmerge.hf.arch.LayerStack;
import io.hfmerge.hf.arch.Role;
import io.hfmerge.hf.arch.RotaryRule;
import io.hfmerge.hf.arch.SizeKeys;
import java.util.List;

/** Causal language models whose MLP has no gate: GPT-2, GPT-J, GPT-NeoX, OPT, Phi. */
final class DecoderFamilies {

  private static final String LAYERS = "num_hidden_layers";

  private DecoderFamilies() {}

  static List<Architecture> all() {
    return List.of(gpt2(), gptj(), gptNeox(), opt(), phi());
  }

  private static Architecture gpt2() {
    return Architecture.of("gpt2")
        .prefix("transformer.")
        .sizes(SizeKeys.of("n_embd", "n_head", "n_inner").mlpFactor(4))
        .stack(
            LayerStack.at("h.{n}.", "n_layer")
                .conv1d()
                .blocks("attn.c_attn", Role.Q, Role.K, Role.V)
                .of(Role.O, "attn.c_proj")
                .mlp("mlp.c_fc", "mlp.c_proj"))
        .tied(UNLESS_CONFIG_UNTIES, "wte.weight", "lm_head.weight")
        .activation("activation_function")
        .build();
  }

  private static Architecture gptj() {
    return Architecture.of("gptj")
        .prefix("transformer.")
        .sizes(SizeKeys.of("n_embd", "n_head", "n_inner").mlpFactor(4))
        .stack(
            LayerStack.at("h.{n}.", "n_layer")
                .attention("attn.q_proj", "attn.k_proj", "attn.v_proj")
                .of(Role.O, "attn.out_proj")
                .mlp("mlp.fc_in", "mlp.fc_out"))
        .tied(IF_CONFIG_TIES, "wte.weight", "lm_head.weight")
        .rotary(RotaryRule.interleaved("rotary_dim"))
        .activation("activation_function")
        .build();
  }

  private static Architecture gptNeox() {
    return Architecture.of("gpt_neox")
        .prefix("gpt_neox.")
        .sizes(SizeKeys.of("hidden_size", "num_attention_heads", "intermediate_size"))
        .stack(
            LayerStack.at("layers.{n}.", LAYERS)
                .perHead("attention.query_key_value")
                .of(Role.O, "attention.dense")
                .mlp("mlp.dense_h_to_4h", "mlp.dense_4h_to_h"))
        .tied(IF_CONFIG_TIES, "embed_in.weight", "embed_out.weight")
        .words("head", "embed_out.")
        .rotary(RotaryRule.halfSplit(0.25, "partial_rotary_factor", "rotary_pct"))
        .build();
  }

  private static Architecture opt() {
    return Architecture.of("opt")
        .prefix("model.")
        .sizes(SizeKeys.of("hidden_size", "num_attention_heads", "ffn_dim"))
        .stack(
            LayerStack.at("decoder.layers.{n}.", LAYERS)
                .attention("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
                .of(Role.O, "self_attn.out_proj")
                .mlp("fc1", "fc2"))
        .tied(UNLESS_CONFIG_UNTIES, "decoder.embed_tokens.weight", "lm_head.weight")
        .activation("activation_function")
        .build();
  }

  private static Architecture phi() {
    return Architecture.of("phi")
        .prefix("model.")
        .stack(
            LayerStack.at("layers.{n}.", LAYERS)
                .attention("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
                .of(Role.O, "self_attn.dense")
                .mlp("mlp.fc1", "mlp.fc2"))
        .tied(IF_CONFIG_TIES, "embed_tokens.weight", "lm_head.weight")
        .rotary(RotaryRule.halfSplit(0.5, "partial_rotary_factor"))
        .queryKeyNorm("qk_layernorm")
        .build();
  }
}
