package io.hfmerge.hf.arch;

import static io.hfmerge.hf.arch.TensorList.describe;
import static io.hfmerge.hf.arch.TensorList.spec;
import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.hf.arch.BalanceTraits.Mlp;
import io.hfmerge.hf.arch.BalanceTraits.Rotary;
import io.hfmerge.plan.TensorNaming.LayerPosition;
import io.hfmerge.tensor.DType;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EncoderFamiliesTest {

  private static final String BERT =
      """
      {"model_type": "bert", "architectures": ["BertForMaskedLM"], "num_hidden_layers": 1,
       "hidden_size": 768, "num_attention_heads": 12, "intermediate_size": 3072,
       "hidden_act": "gelu"}\
      """;

  private static final String T5 =
      """
      {"model_type": "t5", "d_model": 512, "d_kv": 64, "d_ff": 2048, "num_layers": 1,
       "num_decoder_layers": 2, "num_heads": 8, "feed_forward_proj": "%s"%s}\
      """;

  @Test
  void readsBertAsPublishedWithGammaAndBeta() {
    TensorList published = bert("bert.", "gamma", "beta");
    published
        .linear("cls.predictions.transform.dense", 768, 768)
        .f32("cls.predictions.bias", 30522);
    ModelStructure structure = published.structure(BERT);

    assertThat(structure.canonical("bert.embeddings.LayerNorm.gamma"))
        .isEqualTo("embeddings.LayerNorm.weight");
    assertThat(structure.canonical("bert.encoder.layer.0.output.LayerNorm.beta"))
        .isEqualTo("encoder.layer.0.output.LayerNorm.bias");
    assertThat(structure.canonical("cls.predictions.bias")).isEqualTo("cls.predictions.bias");
    assertThat(describe(structure.layerMatrices()))
        .containsExactly(
            "0 Q bert.encoder.layer.0.attention.self.query.weight [768, 768]",
            "0 K bert.encoder.layer.0.attention.self.key.weight [768, 768]",
            "0 V bert.encoder.layer.0.attention.self.value.weight [768, 768]",
            "0 QKV bert.encoder.layer.0.attention.self.query.weight"
                + "+bert.encoder.layer.0.attention.self.key.weight"
                + "+bert.encoder.layer.0.attention.self.value.weight [2304, 768]",
            "0 O bert.encoder.layer.0.attention.output.dense.weight [768, 768]",
            "0 M1 bert.encoder.layer.0.intermediate.dense.weight [3072, 768]",
            "0 M2 bert.encoder.layer.0.output.dense.weight [768, 3072]");
    assertThat(describe(structure.otherMatrices()))
        .containsExactly(
            "-1 OTHER bert.embeddings.word_embeddings.weight [30522, 768]",
            "-1 OTHER cls.predictions.transform.dense.weight [768, 768]");
  }

  @Test
  void matchesBertWithAndWithoutPrefixAndInBothSpellings() {
    assertThat(canonicalNames(bert("", "weight", "bias")))
        .isEqualTo(canonicalNames(bert("bert.", "gamma", "beta")));
  }

  @Test
  void tellsBertsPartsInWords() {
    ModelStructure structure = bert("bert.", "weight", "bias").structure(BERT);

    assertThat(structure.describe(spec("bert.encoder.layer.0.attention.self.query.weight", 8, 8)))
        .isEqualTo("Q");
    assertThat(structure.describe(spec("encoder.layer.0.attention.self.query.bias", 8)))
        .isEqualTo("Q bias");
    assertThat(structure.describe(spec("bert.encoder.layer.0.attention.output.dense.weight", 8, 8)))
        .isEqualTo("O");
    assertThat(structure.describe(spec("bert.encoder.layer.0.output.dense.weight", 8, 8)))
        .isEqualTo("M2");
    assertThat(structure.describe(spec("bert.encoder.layer.0.output.LayerNorm.gamma", 8)))
        .isEqualTo("norm");
    assertThat(structure.describe(spec("bert.embeddings.word_embeddings.weight", 8, 8)))
        .isEqualTo("embedding");
    assertThat(structure.describe(spec("bert.embeddings.LayerNorm.weight", 8))).isEqualTo("norm");
    assertThat(structure.describe(spec("cls.predictions.transform.LayerNorm.weight", 8)))
        .isEqualTo("head");
    assertThat(structure.describe(spec("bert.pooler.dense.weight", 8, 8))).isEqualTo("pooler");
    assertThat(structure.describe(spec("bert.embeddings.position_ids", 1, 8))).isEqualTo("buffer");
    assertThat(structure.describe(spec("something.else", 8))).isEqualTo("other");
  }

  @Test
  void takesNoBiasOfBertForABuffer() {
    ModelStructure structure = bert("bert.", "weight", "bias").structure(BERT);

    assertThat(structure.isBuffer(spec("bert.encoder.layer.0.attention.output.dense.bias", 768)))
        .isFalse();
    assertThat(structure.isBuffer(spec("x.attention.bias", 768))).isFalse();
    assertThat(structure.isBuffer(spec("x.attention.bias", 1, 1, 8, 8))).isTrue();
  }

  @Test
  void tiesBertsWordEmbeddingsToTheDecoderUnlessTheConfigUnties() {
    ModelStructure tied = new TensorList().structure(BERT);
    ModelStructure untied =
        new TensorList().structure(BERT.replace("}", ", \"tie_word_embeddings\": false}"));

    assertThat(tied.tiedWith("embeddings.word_embeddings.weight"))
        .contains("cls.predictions.decoder.weight");
    assertThat(tied.tiedWith("cls.predictions.decoder.weight"))
        .contains("embeddings.word_embeddings.weight");
    assertThat(tied.tiedWith("cls.predictions.bias")).contains("cls.predictions.decoder.bias");
    assertThat(tied.tiedWith("encoder.layer.0.output.dense.weight")).isEmpty();
    assertThat(untied.tiedWith("embeddings.word_embeddings.weight")).isEmpty();
  }

  @Test
  void readsRobertaWithIntegerPositions() {
    TensorList published =
        new TensorList()
            .add(DType.I64, "roberta.embeddings.position_ids", 1, 514)
            .linear("roberta.encoder.layer.0.attention.self.query", 768, 768)
            .linear("lm_head.dense", 768, 768)
            .f32("lm_head.bias", 50265);
    ModelStructure structure = published.structure(BERT.replace("\"bert\"", "\"roberta\""));

    assertThat(structure.isBuffer(published.tensors.getFirst())).isTrue();
    assertThat(describe(structure.layerMatrices()))
        .containsExactly("0 Q roberta.encoder.layer.0.attention.self.query.weight [768, 768]");
    assertThat(structure.tiedWith("lm_head.decoder.weight"))
        .contains("embeddings.word_embeddings.weight");
    assertThat(structure.describe(spec("lm_head.layer_norm.weight", 768))).isEqualTo("head");
  }

  @Test
  void readsDistilbert() {
    String layer = "distilbert.transformer.layer.0.";
    ModelStructure structure =
        new TensorList()
            .f32("distilbert.embeddings.word_embeddings.weight", 30522, 768)
            .linear(layer + "attention.q_lin", 768, 768)
            .linear(layer + "attention.k_lin", 768, 768)
            .linear(layer + "attention.v_lin", 768, 768)
            .linear(layer + "attention.out_lin", 768, 768)
            .norm(layer + "sa_layer_norm", 768)
            .linear(layer + "ffn.lin1", 3072, 768)
            .linear(layer + "ffn.lin2", 768, 3072)
            .norm(layer + "output_layer_norm", 768)
            .linear("vocab_transform", 768, 768)
            .structure(
                """
                {"model_type": "distilbert", "n_layers": 6, "dim": 768, "n_heads": 12,
                 "hidden_dim": 3072, "activation": "gelu", "tie_weights_": true}\
                """);

    assertThat(structure.layerMatrices())
        .extracting(WeightMatrix::role)
        .containsExactly(Role.Q, Role.K, Role.V, Role.QKV, Role.O, Role.M1, Role.M2);
    assertThat(structure.layer("transformer.layer.0.ffn.lin1.weight"))
        .contains(new LayerPosition("transformer.layer.{n}.", 0, 6));
    assertThat(structure.tiedWith("vocab_projector.weight"))
        .contains("embeddings.word_embeddings.weight");
    assertThat(structure.describe(spec(layer + "sa_layer_norm.weight", 768))).isEqualTo("norm");
    assertThat(structure.describe(spec("vocab_layer_norm.weight", 768))).isEqualTo("head");
    assertThat(structure.balanceTraits())
        .isEqualTo(new BalanceTraits(Rotary.NONE, 0, false, Mlp.SMOOTH));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "vit."})
  void readsVitWithAndWithoutPrefix(String prefix) {
    ModelStructure structure =
        new TensorList()
            .f32(prefix + "embeddings.cls_token", 1, 1, 768)
            .linear(prefix + "encoder.layer.0.attention.attention.query", 768, 768)
            .linear(prefix + "encoder.layer.0.attention.output.dense", 768, 768)
            .linear(prefix + "encoder.layer.0.intermediate.dense", 3072, 768)
            .linear(prefix + "encoder.layer.0.output.dense", 768, 3072)
            .f32(prefix + "embeddings.patch_embeddings.projection.weight", 768, 3, 16, 16)
            .structure(BERT.replace("\"bert\"", "\"vit\""));

    assertThat(structure.layerMatrices())
        .extracting(WeightMatrix::role)
        .containsExactly(Role.Q, Role.O, Role.M1, Role.M2);
    assertThat(describe(structure.otherMatrices()))
        .containsExactly(
            "-1 OTHER " + prefix + "embeddings.cls_token [1, 768]",
            "-1 OTHER " + prefix + "embeddings.patch_embeddings.projection.weight [768, 768]");
    assertThat(structure.canonical("vit.layernorm.weight")).isEqualTo("layernorm.weight");
    assertThat(structure.describe(spec("vit.encoder.layer.0.layernorm_before.weight", 768)))
        .isEqualTo("norm");
  }

  @Test
  void findsT5sThreeStacks() {
    TensorList published = t5Encoder(true);
    for (int n = 0; n < 2; n++) {
      String block = "decoder.block." + n + ".layer.";
      attention(published, block + "0.SelfAttention.");
      attention(published, block + "1.EncDecAttention.");
      published.f32(block + "2.DenseReluDense.wi.weight", 2048, 512);
      published.f32(block + "2.DenseReluDense.wo.weight", 512, 2048);
    }
    ModelStructure structure = published.structure(T5.formatted("relu", ""));

    assertThat(structure.layerMatrices())
        .extracting(matrix -> matrix.stack() + matrix.layer() + matrix.role())
        .startsWith("encoder0Q", "encoder0K", "encoder0V", "encoder0QKV", "encoder0O", "encoder0M1")
        .containsSubsequence("encoder0M2", "decoder0Q", "decoder0M2", "decoder1Q", "decoder1M2")
        .containsSubsequence("decoder1M2", "decoder.cross0Q", "decoder.cross0QKV")
        .endsWith("decoder.cross1QKV", "decoder.cross1O")
        .hasSize(7 + 2 * 7 + 2 * 5);
    assertThat(structure.dimensions()).contains(new ModelDimensions(3, 512, 8, 8, 64));
    assertThat(structure.layer("decoder.block.1.layer.2.layer_norm.weight"))
        .contains(new LayerPosition("decoder.block.{n}.", 1, 2));
    assertThat(structure.layer("encoder.block.1.layer.1.layer_norm.weight")).isEmpty();
    assertThat(structure.balanceTraits().mlp()).isEqualTo(Mlp.HOMOGENEOUS);
    assertThat(structure.tiedWith("lm_head.weight")).contains("shared.weight");
  }

  @Test
  void readsAGatedT5EncoderSavedAlone() {
    ModelStructure structure =
        t5Encoder(false)
            .f32("encoder.embed_tokens.weight", 32128, 512)
            .structure(T5.formatted("gated-gelu", ", \"tie_word_embeddings\": false"));

    assertThat(structure.layerMatrices())
        .extracting(WeightMatrix::role)
        .containsExactly(Role.Q, Role.K, Role.V, Role.QKV, Role.O, Role.M1, Role.GATE, Role.M2);
    assertThat(structure.dimensions().orElseThrow().layers()).isEqualTo(1);
    assertThat(structure.balanceTraits().mlp()).isEqualTo(Mlp.GATED);
    assertThat(structure.tiedWith("shared.weight")).contains("encoder.embed_tokens.weight");
    assertThat(structure.tiedWith("lm_head.weight")).isEmpty();
    assertThat(
            structure.describe(
                spec(
                    "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", 32, 8)))
        .isEqualTo("position bias");
  }

  private static List<String> canonicalNames(TensorList tensors) {
    ModelStructure structure = tensors.structure(BERT);
    return tensors.tensors.stream().map(tensor -> structure.canonical(tensor.name())).toList();
  }

  private static TensorList bert(String prefix, String weight, String bias) {
    String layer = prefix + "encoder.layer.0.";
    return new TensorList()
        .f32(prefix + "embeddings.word_embeddings.weight", 30522, 768)
        .f32(prefix + "embeddings.LayerNorm." + weight, 768)
        .f32(prefix + "embeddings.LayerNorm." + bias, 768)
        .linear(layer + "attention.self.query", 768, 768)
        .linear(layer + "attention.self.key", 768, 768)
        .linear(layer + "attention.self.value", 768, 768)
        .linear(layer + "attention.output.dense", 768, 768)
        .f32(layer + "attention.output.LayerNorm." + weight, 768)
        .linear(layer + "intermediate.dense", 3072, 768)
        .linear(layer + "output.dense", 768, 3072);
  }

  private static TensorList t5Encoder(boolean relu) {
    TensorList list = new TensorList();
    attention(list, "encoder.block.0.layer.0.SelfAttention.");
    list.f32("encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", 32, 8);
    String mlp = "encoder.block.0.layer.1.DenseReluDense.";
    if (relu) {
      list.f32(mlp + "wi.weight", 2048, 512);
    } else {
      list.f32(mlp + "wi_0.weight", 2048, 512).f32(mlp + "wi_1.weight", 2048, 512);
    }
    return list.f32(mlp + "wo.weight", 512, 2048);
  }

  private static void attention(TensorList list, String module) {
    list.f32(module + "q.weight", 512, 512)
        .f32(module + "k.weight", 512, 512)
        .f32(module + "v.weight", 512, 512)
        .f32(module + "o.weight", 512, 512);
  }
}
