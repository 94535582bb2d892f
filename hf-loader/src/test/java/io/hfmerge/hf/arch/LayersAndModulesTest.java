package io.hfmerge.hf.arch;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.testing.ModelFolders;
import io.hfmerge.plan.TensorNaming;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;

class LayersAndModulesTest {

  static final List<String> FAMILIES = ModelFolders.FAMILIES;

  private static final String T5 =
      """
      {"model_type": "t5", "num_layers": 2, "d_model": 8, "num_heads": 2, "d_kv": 4, "d_ff": 16,
       "feed_forward_proj": "relu", "architectures": ["T5ForConditionalGeneration"]}\
      """;

  private static final String LLAMA =
      """
      {"model_type": "llama", "num_hidden_layers": 1, "hidden_size": 8, "num_attention_heads": 2,
       "intermediate_size": 16, "architectures": ["%s"]%s}\
      """;

  @ParameterizedTest
  @FieldSource("FAMILIES")
  void everyTensorOfALayerHasItsNameInEveryOther(String family) throws IOException {
    try (HfModel model = HfModels.open(ModelFolders.golden(family, "base").toString())) {
      ModelStructure structure = model.structure();
      assertThat(structure.modules()).containsExactly(TensorNaming.WHOLE);
      assertThat(structure.remarks()).isEmpty();
      int inLayers = 0;
      for (TensorSpec tensor : model.checkpoint().tensors()) {
        String name = tensor.name();
        String canonical = structure.canonical(name);
        var layer = structure.layer(canonical);
        if (layer.isEmpty()) {
          assertThat(structure.inLayer(name, 7)).isEqualTo(name);
          continue;
        }
        inLayers++;
        assertThat(structure.inLayer(name, layer.get().index())).isEqualTo(name);
        String moved = structure.inLayer(name, 123);
        assertThat(moved).isEqualTo(name.replaceFirst("\\.\\d+\\.", ".123."));
        assertThat(structure.canonical(moved)).isEqualTo(structure.inLayer(canonical, 123));
        assertThat(structure.layerCountKeys()).containsKey(layer.get().stack());
      }
      assertThat(inLayers).isPositive();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "llama,model.embed_tokens.weight,true",
    "llama,model.norm.weight,false",
    "llama,lm_head.weight,false",
    "gpt2,wte.weight,true",
    "gpt2,wpe.weight,true",
    "gpt2,ln_f.weight,false",
    "gpt_neox,gpt_neox.embed_in.weight,true",
    "gpt_neox,embed_out.weight,false",
    "bert,bert.embeddings.LayerNorm.weight,true",
    "bert,bert.pooler.dense.weight,false",
    "bert,cls.predictions.decoder.weight,false",
    "vit,vit.embeddings.cls_token,true",
    "vit,vit.layernorm.weight,false",
    "phi,model.final_layernorm.weight,false",
  })
  void tellsWhatComesBeforeTheLayers(String family, String name, boolean before)
      throws IOException {
    try (HfModel model = HfModels.open(ModelFolders.golden(family, "base").toString())) {
      ModelStructure structure = model.structure();
      assertThat(structure.precedesLayers(structure.canonical(name))).isEqualTo(before);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "llama,model.embed_tokens.weight,true",
    "llama,lm_head.weight,true",
    "llama,model.norm.weight,false",
    "gpt_neox,embed_out.weight,true",
    "gpt2,wpe.weight,false",
    "bert,cls.predictions.bias,false",
    "bert,bert.embeddings.word_embeddings.weight,true",
    "bert,bert.embeddings.position_embeddings.weight,false",
  })
  void tellsWhichMatricesHaveARowForEachToken(String family, String name, boolean vocabulary)
      throws IOException {
    try (HfModel model = HfModels.open(ModelFolders.golden(family, "base").toString())) {
      ModelStructure structure = model.structure();
      assertThat(structure.isVocabulary(structure.canonical(name))).isEqualTo(vocabulary);
    }
  }

  @Test
  void t5HasThreeModulesAndAPositionBiasForAllLayers() {
    ModelStructure structure = new TensorList().f32("shared.weight", 4, 8).structure(T5);
    String bias = "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight";
    assertThat(structure.modules()).containsExactly("encoder", "decoder", "shared");
    assertThat(structure.module(bias)).isEqualTo("encoder");
    assertThat(structure.module("lm_head.weight")).isEqualTo("shared");
    assertThat(structure.module("decoder.final_layer_norm.weight")).isEqualTo("decoder");
    assertThat(structure.layer(bias)).isEmpty();
    assertThat(structure.precedesLayers(bias)).isTrue();
    assertThat(structure.layerCountKeys())
        .containsEntry("encoder.block.{n}.", List.of("num_layers"))
        .containsEntry("decoder.block.{n}.", List.of("num_decoder_layers", "num_layers"));
  }

  @Test
  void unknownFamiliesHaveAModulePerPartWhereThereAreSeveralStacks() {
    String config = "{\"model_type\": \"own\"}";
    ModelStructure several =
        new TensorList()
            .f32("model.vision.layers.0.w", 1)
            .f32("model.text.layers.0.w", 1)
            .f32("model.text.embed_tokens.weight", 2, 1)
            .f32("lm_head.weight", 2, 1)
            .structure(config);
    assertThat(several.modules()).containsExactly("vision", "text", "lm_head");
    assertThat(several.module("model.text.embed_tokens.weight")).isEqualTo("text");
    assertThat(several.inLayer("model.text.layers.0.w", 5)).isEqualTo("model.text.layers.5.w");
    assertThat(several.isVocabulary("model.text.embed_tokens.weight")).isTrue();
    ModelStructure one = new TensorList().f32("blocks.0.w", 1).f32("x", 1).structure(config);
    assertThat(one.modules()).containsExactly(TensorNaming.WHOLE);
    assertThat(new TensorList().structure(config).modules()).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "LlamaForCausalLM | | true",
        "LlamaForCausalLM | , \"tie_word_embeddings\": false | true",
        "LlamaForCausalLM | , \"tie_word_embeddings\": true | false",
        "LlamaModel | | false",
      })
  void tiesAHeadThatTheConfigPromisesAndTheFileLacks(String type, String more, boolean expected) {
    String config = LLAMA.formatted(type, more == null ? "" : more);
    ModelStructure structure =
        new TensorList().f32("model.embed_tokens.weight", 4, 8).structure(config);
    assertThat(structure.tiedAgainstConfig()).isEqualTo(expected);
    assertThat(structure.remarks()).hasSize(expected ? 1 : 0);
    if (expected) {
      assertThat(structure.tiedWith("lm_head.weight")).contains("embed_tokens.weight");
      assertThat(structure.remarks().getFirst())
          .contains("lm_head.weight is not tied", "taken as tied with embed_tokens.weight");
    }
    ModelStructure both =
        new TensorList()
            .f32("model.embed_tokens.weight", 4, 8)
            .f32("lm_head.weight", 4, 8)
            .structure(config);
    assertThat(both.tiedAgainstConfig()).isFalse();
  }
}
