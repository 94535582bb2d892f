package io.hfmerge.hf.arch;

import static io.hfmerge.hf.arch.TensorList.describe;
import static io.hfmerge.hf.arch.TensorList.spec;
import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.hf.arch.BalanceTraits.Mlp;
import io.hfmerge.hf.arch.BalanceTraits.Rotary;
import io.hfmerge.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GatedFamiliesTest {

  /** Head width 4 with 6 heads of hidden width 8: H h is not d. */
  private static final String CONFIG =
      """
      {"model_type": "%s", "num_hidden_layers": 2, "hidden_size": 8, "num_attention_heads": 6,
       "num_key_value_heads": 2, "head_dim": 4, "intermediate_size": 10, "hidden_act": "silu"%s}\
      """;

  @ParameterizedTest
  @CsvSource({
    "llama, false, false",
    "mistral, false, false",
    "qwen2, false, false",
    "qwen3, true, false",
    "gemma, false, true",
    "gemma2, false, true"
  })
  void readsTheSkeleton(String family, boolean queryKeyNorm, boolean tiedByDefault) {
    TensorList published = skeleton();
    ModelStructure structure = published.structure(CONFIG.formatted(family, ""));

    assertThat(structure.known()).isTrue();
    assertThat(describe(structure.layerMatrices()))
        .containsExactly(
            "1 Q model.layers.1.self_attn.q_proj.weight [24, 8]",
            "1 K model.layers.1.self_attn.k_proj.weight [8, 8]",
            "1 V model.layers.1.self_attn.v_proj.weight [8, 8]",
            "1 QKV model.layers.1.self_attn.q_proj.weight"
                + "+model.layers.1.self_attn.k_proj.weight"
                + "+model.layers.1.self_attn.v_proj.weight [40, 8]",
            "1 O model.layers.1.self_attn.o_proj.weight [8, 24]",
            "1 M1 model.layers.1.mlp.up_proj.weight [10, 8]",
            "1 GATE model.layers.1.mlp.gate_proj.weight [10, 8]",
            "1 M2 model.layers.1.mlp.down_proj.weight [8, 10]");
    assertThat(structure.dimensions()).contains(new ModelDimensions(2, 8, 6, 2, 4));
    assertThat(structure.balanceTraits())
        .isEqualTo(new BalanceTraits(Rotary.HALF_SPLIT, 4, queryKeyNorm, Mlp.GATED));
    assertThat(structure.tiedWith("embed_tokens.weight").isPresent()).isEqualTo(tiedByDefault);
    assertThat(structure.tiedWith("lm_head.weight").isPresent()).isEqualTo(tiedByDefault);
  }

  @ParameterizedTest
  @CsvSource({"llama, true", "gemma, true", "gemma, false", "qwen2, false"})
  void tiesAsTheConfigSays(String family, boolean tied) {
    String config = CONFIG.formatted(family, ", \"tie_word_embeddings\": " + tied);
    ModelStructure structure = new TensorList().structure(config);

    assertThat(structure.tiedWith("lm_head.weight").isPresent()).isEqualTo(tied);
    assertThat(structure.tiedWith("embed_tokens.weight").isPresent()).isEqualTo(tied);
  }

  @Test
  void ignoresRotaryTablesOfLlama2() {
    TensorList published = skeleton().f32("model.layers.1.self_attn.rotary_emb.inv_freq", 2);
    ModelStructure structure = published.structure(CONFIG.formatted("llama", ""));

    assertThat(structure.isBuffer(published.tensors.getLast())).isTrue();
    assertThat(structure.describe(published.tensors.getLast())).isEqualTo("buffer");
  }

  @Test
  void treatsNullHeadWidthAsAbsent() {
    String config =
        """
        {"model_type": "mistral", "num_hidden_layers": 1, "hidden_size": 24, "head_dim": null,
         "num_attention_heads": 6, "num_key_value_heads": 2, "intermediate_size": 10}\
        """;

    assertThat(new TensorList().structure(config).dimensions())
        .contains(new ModelDimensions(1, 24, 6, 2, 4));
  }

  @Test
  void cutsPhi3sFusedTensorsInBlocks() {
    ModelStructure structure =
        new TensorList()
            .f32("model.layers.0.self_attn.qkv_proj.weight", 40, 8)
            .f32("model.layers.0.self_attn.o_proj.weight", 8, 24)
            .f32("model.layers.0.mlp.gate_up_proj.weight", 20, 8)
            .f32("model.layers.0.mlp.down_proj.weight", 8, 10)
            .structure(CONFIG.formatted("phi3", ", \"partial_rotary_factor\": 0.75"));
    String qkv = "model.layers.0.self_attn.qkv_proj.weight";
    String gateUp = "model.layers.0.mlp.gate_up_proj.weight";

    assertThat(structure.layerMatrices())
        .flatExtracting(WeightMatrix::blocks)
        .containsExactly(
            new MatrixBlock(qkv, false, 0, 24, 8),
            new MatrixBlock(qkv, false, 24, 8, 8),
            new MatrixBlock(qkv, false, 32, 8, 8),
            new MatrixBlock(qkv, false, 0, 40, 8),
            new MatrixBlock("model.layers.0.self_attn.o_proj.weight", false, 0, 8, 24),
            new MatrixBlock(gateUp, false, 10, 10, 8),
            new MatrixBlock(gateUp, false, 0, 10, 8),
            new MatrixBlock("model.layers.0.mlp.down_proj.weight", false, 0, 8, 10));
    assertThat(structure.layerMatrices())
        .extracting(WeightMatrix::role)
        .containsExactly(Role.Q, Role.K, Role.V, Role.QKV, Role.O, Role.M1, Role.GATE, Role.M2);
    assertThat(structure.describe(spec(gateUp, 20, 8))).isEqualTo("GATE+M1");
    assertThat(structure.describe(spec(qkv, 40, 8))).isEqualTo("QKV");
    assertThat(structure.balanceTraits().rotaryWidth()).isEqualTo(3);
  }

  @Test
  void listsMixtralsExpertsByRole() {
    TensorList published = new TensorList();
    for (int expert : new int[] {10, 2, 0}) {
      String module = "model.layers.0.block_sparse_moe.experts." + expert + '.';
      published.f32(module + "w1.weight", 10, 8);
      published.f32(module + "w2.weight", 8, 10);
      published.f32(module + "w3.weight", 10, 8);
    }
    published.f32("model.layers.0.block_sparse_moe.gate.weight", 11, 8);
    ModelStructure structure = published.structure(CONFIG.formatted("mixtral", ""));

    assertThat(structure.layerMatrices())
        .extracting(matrix -> matrix.role() + "#" + matrix.expert().getAsInt())
        .containsExactly(
            "M1#0", "M1#2", "M1#10", "GATE#0", "GATE#2", "GATE#10", "M2#0", "M2#2", "M2#10");
    assertThat(structure.layerMatrices().getFirst().label())
        .isEqualTo("model.layers.0.block_sparse_moe.experts.0.w3.weight");
    assertThat(structure.describe(published.tensors.getLast())).isEqualTo("router");
    assertThat(describe(structure.otherMatrices()))
        .containsExactly("-1 OTHER model.layers.0.block_sparse_moe.gate.weight [11, 8]");
  }

  @Test
  void takesNoQuantisedTensorForAMatrix() {
    ModelStructure structure =
        new TensorList()
            .add(DType.U8, "model.layers.0.self_attn.q_proj.weight", 96, 1)
            .add(DType.I32, "model.layers.0.self_attn.q_proj.qweight", 3, 8)
            .structure(CONFIG.formatted("llama", ""));

    assertThat(structure.layerMatrices()).isEmpty();
    assertThat(structure.otherMatrices()).isEmpty();
  }

  private static TensorList skeleton() {
    String layer = "model.layers.1.";
    return new TensorList()
        .f32("lm_head.weight", 96, 8)
        .f32("model.embed_tokens.weight", 96, 8)
        .f32(layer + "input_layernorm.weight", 8)
        .f32(layer + "mlp.down_proj.weight", 8, 10)
        .f32(layer + "mlp.gate_proj.weight", 10, 8)
        .f32(layer + "mlp.up_proj.weight", 10, 8)
        .f32(layer + "self_attn.k_proj.weight", 8, 8)
        .f32(layer + "self_attn.k_norm.weight", 4)
        .f32(layer + "self_attn.o_proj.weight", 8, 24)
        .f32(layer + "self_attn.q_proj.weight", 24, 8)
        .f32(layer + "self_attn.v_proj.weight", 8, 8)
        .f32("model.norm.weight", 8);
  }
}
