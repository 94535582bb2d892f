package io.hfmerge.hf.arch.builtin;

import static io.hfmerge.hf.arch.TiedNames.When.IF_CONFIG_TIES;
import static io.hfmerge.hf.arch.TiedNames.When.UNLESS_CONFIG_UNTIES;

import io.hfmerge.hf.arch.Architecture;
import io.hfmerge.hf.arch.LayerStack;
import io.hfmerge.hf.arch.Role;
import io.hfmerge.hf.arch.RotaryRule;
import io.hfmerge.hf.arch.TiedNames;
import java.util.List;

/** LLaMA's skeleton and its variants: rotary positions, gated MLP, grouped keys and values. */
final class GatedFamilies {

  private GatedFamilies() {}

  static List<Architecture> all() {
    return List.of(
        skeleton(IF_CONFIG_TIES, "llama").stack(separate()).build(),
        skeleton(IF_CONFIG_TIES, "mistral").stack(separate()).build(),
        skeleton(IF_CONFIG_TIES, "qwen2").stack(separate()).build(),
        skeleton(IF_CONFIG_TIES, "qwen3").stack(separate()).queryKeyNorm().build(),
        skeleton(UNLESS_CONFIG_UNTIES, "gemma").stack(separate()).build(),
        skeleton(UNLESS_CONFIG_UNTIES, "gemma2").stack(separate()).build(),
        skeleton(IF_CONFIG_TIES, "phi3").stack(fused()).build(),
        skeleton(IF_CONFIG_TIES, "mixtral").stack(experts()).build());
  }

  private static Architecture.Builder skeleton(TiedNames.When tied, String modelType) {
    return Architecture.of(modelType)
        .prefix("model.")
        .tied(tied, "embed_tokens.weight", "lm_head.weight")
        .rotary(RotaryRule.HALF_SPLIT)
        .gated();
  }

  private static LayerStack.Builder separate() {
    return attention().gatedMlp("mlp.gate_proj", "mlp.up_proj", "mlp.down_proj");
  }

  private static LayerStack.Builder fused() {
    return layers()
        .blocks("self_attn.qkv_proj", Role.Q, Role.K, Role.V)
        .of(Role.O, "self_attn.o_proj")
        .blocks("mlp.gate_up_proj", Role.GATE, Role.M1)
        .of(Role.M2, "mlp.down_proj");
  }

  private static LayerStack.Builder experts() {
    return attention()
        .gatedMlp(
            "block_sparse_moe.experts.{e}.w1",
            "block_sparse_moe.experts.{e}.w3",
            "block_sparse_moe.experts.{e}.w2")
        .word("router", "block_sparse_moe.gate");
  }

  private static LayerStack.Builder attention() {
    return layers()
        .attention("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
        .of(Role.O, "self_attn.o_proj");
  }

  private static LayerStack.Builder layers() {
    return LayerStack.at("layers.{n}.", "num_hidden_layers");
  }
}
