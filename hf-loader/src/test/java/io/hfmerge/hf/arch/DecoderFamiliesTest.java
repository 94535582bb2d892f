package io.hfmerge.hf.arch;

import static io.hfmerge.hf.arch.TensorList.describe;
import static io.hfmerge.hf.arch.TensorList.spec;
import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.hf.arch.BalanceTraits.Mlp;
import io.hfmerge.hf.arch.BalanceTraits.Rotary;
import io.hfmerge.plan.TensorNaming.LayerPosition;
import io.hfmerge.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DecoderFamiliesTest {

  private static final String GPT2 =
      """
      {"model_type": "gpt2", "n_layer": 12, "n_embd": 768, "n_head": 12, "n_inner": null,
       "activation_function": "gelu_new"}\
      """;

  private static final String NEOX =
      """
      {"model_type": "gpt_neox", "num_hidden_layers": 2, "hidden_size": 12,
       "num_attention_heads": 3, "intermediate_size": 48, "hidden_act": "gelu",
       "rotary_pct": 0.5, "tie_word_embeddings": false}\
      """;

  private static final String OPT =
      """
      {"model_type": "opt", "num_hidden_layers": 24, "hidden_size": 8, "num_attention_heads": 2,
       "ffn_dim": 32, "activation_function": "relu"}\
      """;

  private static final String PHI =
      """
      {"model_type": "phi", "num_hidden_layers": 2, "hidden_size": 2560,
       "num_attention_heads": 32, "num_key_value_heads": null, "intermediate_size": 10240,
       "hidden_act": "gelu_new", "partial_rotary_factor": 0.4, "qk_layernorm": %s}\
      """;

  @Test
  void readsGpt2AsPublishedWithoutPrefix() {
    TensorList published =
        new TensorList()
            .f32("wte.weight", 50257, 768)
            .f32("wpe.weight", 1024, 768)
            .norm("h.0.ln_1", 768)
            .f32("h.0.attn.bias", 1, 1, 1024, 1024)
            .f32("h.0.attn.c_attn.weight", 768, 2304)
            .f32("h.0.attn.c_attn.bias", 2304)
            .f32("h.0.attn.c_proj.weight", 768, 768)
            .f32("h.0.attn.c_proj.bias", 768)
            .f32("h.0.mlp.c_fc.weight", 768, 3072)
            .f32("h.0.mlp.c_fc.bias", 3072)
            .f32("h.0.mlp.c_proj.weight", 3072, 768)
            .f32("h.0.mlp.c_proj.bias", 768);
    ModelStructure structure = published.structure(GPT2);

    assertThat(describe(structure.layerMatrices()))
        .containsExactly(
            "0 Q h.0.attn.c_attn.weight [768, 768]",
            "0 K h.0.attn.c_attn.weight [768, 768]",
            "0 V h.0.attn.c_attn.weight [768, 768]",
            "0 QKV h.0.attn.c_attn.weight [2304, 768]",
            "0 O h.0.attn.c_proj.weight [768, 768]",
            "0 M1 h.0.mlp.c_fc.weight [3072, 768]",
            "0 M2 h.0.mlp.c_proj.weight [768, 3072]");
    assertThat(structure.layerMatrices())
        .flatExtracting(WeightMatrix::blocks)
        .allMatch(MatrixBlock::transposed);
    assertThat(structure.layerMatrices().get(1).blocks())
        .containsExactly(new MatrixBlock("h.0.attn.c_attn.weight", true, 768, 768, 768));
    assertThat(structure.layerMatrices().get(3).blocks())
        .containsExactly(new MatrixBlock("h.0.attn.c_attn.weight", true, 0, 2304, 768));
    assertThat(describe(structure.otherMatrices()))
        .containsExactly("-1 OTHER wte.weight [50257, 768]", "-1 OTHER wpe.weight [1024, 768]");
    assertThat(structure.isBuffer(spec("h.0.attn.bias", 1, 1, 1024, 1024))).isTrue();
    assertThat(structure.isBuffer(spec("transformer.h.0.attn.masked_bias"))).isTrue();
    assertThat(structure.describe(spec("h.0.attn.c_attn.bias", 2304))).isEqualTo("QKV bias");
    assertThat(structure.describe(spec("h.0.ln_1.weight", 768))).isEqualTo("norm");
    assertThat(structure.describe(spec("wte.weight", 768))).isEqualTo("embedding");
    assertThat(structure.describe(spec("lm_head.weight", 768))).isEqualTo("head");
  }

  @ParameterizedTest
  @CsvSource({
    "transformer.h.3.ln_1.weight, h.3.ln_1.weight",
    "h.3.ln_1.weight, h.3.ln_1.weight",
    "lm_head.weight, lm_head.weight",
    "transformer., transformer."
  })
  void stripsOneOptionalPrefix(String name, String canonical) {
    assertThat(new TensorList().structure(GPT2).canonical(name)).isEqualTo(canonical);
  }

  @Test
  void tellsTheLayerOfAWeight() {
    ModelStructure structure = new TensorList().structure(GPT2);

    assertThat(structure.layer("h.0.ln_1.weight")).contains(new LayerPosition("h.{n}.", 0, 12));
    assertThat(structure.layer("h.11.mlp.c_fc.bias")).contains(new LayerPosition("h.{n}.", 11, 12));
    assertThat(structure.layer("h.12.mlp.c_fc.bias")).isEmpty();
    assertThat(structure.layer("h.007.mlp.c_fc.bias")).isEmpty();
    assertThat(structure.layer("h.99999999999999999999.ln_1.weight")).isEmpty();
    assertThat(structure.layer("ln_f.weight")).isEmpty();
    assertThat(structure.layer("wte.weight")).isEmpty();
  }

  @Test
  void splitsNeoxPerHead() {
    ModelStructure structure =
        new TensorList()
            .linear("gpt_neox.layers.1.attention.query_key_value", 36, 12)
            .add(DType.U8, "gpt_neox.layers.1.attention.bias", 1, 1, 64, 64)
            .structure(NEOX);
    String tensor = "gpt_neox.layers.1.attention.query_key_value.weight";

    assertThat(structure.layerMatrices())
        .extracting(WeightMatrix::role)
        .containsExactly(Role.Q, Role.K, Role.V, Role.QKV);
    assertThat(structure.layerMatrices().get(1).blocks())
        .containsExactly(
            new MatrixBlock(tensor, false, 4, 4, 12),
            new MatrixBlock(tensor, false, 16, 4, 12),
            new MatrixBlock(tensor, false, 28, 4, 12));
    assertThat(structure.layerMatrices().get(3).label()).isEqualTo(tensor);
    assertThat(structure.layerMatrices().get(3).rows()).isEqualTo(36);
    assertThat(structure.layerMatrices().get(3).blocks())
        .extracting(MatrixBlock::firstRow)
        .containsExactly(0L, 12L, 24L, 4L, 16L, 28L, 8L, 20L, 32L);
    assertThat(structure.otherMatrices()).isEmpty();
    assertThat(structure.balanceTraits())
        .isEqualTo(new BalanceTraits(Rotary.HALF_SPLIT, 2, false, Mlp.SMOOTH));
    assertThat(structure.describe(spec("embed_out.weight", 8, 8))).isEqualTo("head");
    assertThat(structure.tiedWith("embed_out.weight")).isEmpty();
  }

  @Test
  void readsGptjsInterleavedRotation() {
    String config =
        """
        {"model_type": "gptj", "n_layer": 28, "n_embd": 4096, "n_head": 16, "n_inner": null,
         "rotary_dim": 64, "activation_function": "gelu_new"}\
        """;
    ModelStructure structure =
        new TensorList()
            .f32("transformer.h.27.attn.q_proj.weight", 4096, 4096)
            .linear("transformer.h.27.mlp.fc_in", 16384, 4096)
            .structure(config);

    assertThat(structure.balanceTraits())
        .isEqualTo(new BalanceTraits(Rotary.INTERLEAVED, 64, false, Mlp.SMOOTH));
    assertThat(structure.layerMatrices())
        .extracting(WeightMatrix::role)
        .containsExactly(Role.Q, Role.M1);
    assertThat(structure.tiedWith("lm_head.weight")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"model.decoder.", "decoder."})
  void readsOptWithAndWithoutPrefix(String prefix) {
    TensorList published =
        new TensorList()
            .f32(prefix + "embed_tokens.weight", 50272, 8)
            .f32(prefix + "embed_positions.weight", 2050, 8)
            .linear(prefix + "layers.0.self_attn.k_proj", 8, 8)
            .linear(prefix + "layers.0.self_attn.v_proj", 8, 8)
            .linear(prefix + "layers.0.self_attn.q_proj", 8, 8)
            .linear(prefix + "layers.0.self_attn.out_proj", 8, 8)
            .linear(prefix + "layers.0.fc1", 32, 8)
            .linear(prefix + "layers.0.fc2", 8, 32)
            .norm(prefix + "final_layer_norm", 8);
    ModelStructure structure = published.structure(OPT);

    assertThat(structure.layerMatrices())
        .extracting(WeightMatrix::role)
        .containsExactly(Role.Q, Role.K, Role.V, Role.QKV, Role.O, Role.M1, Role.M2);
    assertThat(published.tensors)
        .allMatch(tensor -> structure.canonical(tensor.name()).startsWith("decoder."));
    assertThat(structure.balanceTraits().mlp()).isEqualTo(Mlp.HOMOGENEOUS);
    assertThat(structure.tiedWith("lm_head.weight")).contains("decoder.embed_tokens.weight");
    assertThat(structure.tiedWith("decoder.embed_tokens.weight")).contains("lm_head.weight");
  }

  @Test
  void readsPhisPartialRotationAndOptionalNorms() {
    assertThat(new TensorList().structure(PHI.formatted("false")).balanceTraits())
        .isEqualTo(new BalanceTraits(Rotary.HALF_SPLIT, 32, false, Mlp.SMOOTH));
    assertThat(new TensorList().structure(PHI.formatted("true")).balanceTraits().queryKeyNorm())
        .isTrue();
  }

  @Test
  void leavesPhisOldNamesWithoutRole() {
    ModelStructure structure =
        new TensorList()
            .f32("transformer.h.0.mixer.Wqkv.weight", 7680, 2560)
            .structure(PHI.formatted("false"));

    assertThat(structure.layerMatrices()).isEmpty();
    assertThat(describe(structure.otherMatrices()))
        .containsExactly("-1 OTHER transformer.h.0.mixer.Wqkv.weight [7680, 2560]");
  }
}
