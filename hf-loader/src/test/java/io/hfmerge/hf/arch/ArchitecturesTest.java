package io.hfmerge.hf.arch;

import static io.hfmerge.hf.arch.TensorList.describe;
import static io.hfmerge.hf.arch.TensorList.spec;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.arch.BalanceTraits.Mlp;
import io.hfmerge.hf.arch.BalanceTraits.Rotary;
import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.plan.TensorNaming.LayerPosition;
import io.hfmerge.tensor.DType;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ArchitecturesTest {

  private static final String LLAMA =
      """
      {"model_type": "llama", "num_hidden_layers": 2, "hidden_size": 8, "num_attention_heads": 4,
       "num_key_value_heads": 2, "intermediate_size": 10, "hidden_act": "silu"}\
      """;

  @TempDir Path folder;

  @Test
  void knowsTheFamiliesThatComeWithIt() {
    assertThat(Architectures.load().modelTypes())
        .contains(
            "bert",
            "roberta",
            "distilbert",
            "gpt2",
            "gptj",
            "phi",
            "phi3",
            "llama",
            "mistral",
            "mixtral",
            "qwen2",
            "qwen3",
            "gemma",
            "gemma2",
            "gpt_neox",
            "opt",
            "vit",
            "t5");
  }

  @Test
  void addsAFamilyByAJar() throws IOException {
    Path services = Files.createDirectories(folder.resolve("META-INF/services"));
    Files.writeString(
        services.resolve(ArchitectureProvider.class.getName()), TinyProvider.class.getName());
    URL[] jar = {folder.toUri().toURL()};
    try (URLClassLoader loader = new URLClassLoader(jar, getClass().getClassLoader())) {
      Architectures architectures = Architectures.load(loader);
      ModelConfig config =
          ModelConfig.parse(
              "{\"model_type\":\"tiny\",\"depth\":1,\"d\":4,\"heads\":2,\"f\":6}", "config.json");
      ModelStructure structure =
          architectures.structure(config, List.of(spec("net.part.0.in.weight", 6, 4)), "tiny");

      assertThat(architectures.modelTypes()).contains("tiny", "bert");
      assertThat(describe(structure.layerMatrices()))
          .containsExactly("0 M1 net.part.0.in.weight [6, 4]");
    }
    assertThat(Architectures.load().find("tiny")).isEmpty();
  }

  @Test
  void refusesTwoDefinitionsOfOneModelTypeNamingBothProviders() {
    ArchitectureProvider other = () -> List.of(TinyProvider.TINY);

    assertThatThrownBy(() -> Architectures.of(List.of(new TinyProvider(), other)))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageContaining("\"tiny\"")
        .hasMessageContaining(TinyProvider.class.getName())
        .hasMessageContaining(other.getClass().getName());
  }

  @Test
  void readsUnknownFamiliesByNameAndShape() {
    TensorList tensors =
        new TensorList()
            .linear("albert.encoder.layers.3.attention.query", 8, 8)
            .f32("albert.conv.weight", 8, 3, 2, 2)
            .f32("albert.norm.weight", 8)
            .f32("albert.attention.bias", 1, 1, 4, 4)
            .add(DType.I64, "albert.position_ids", 1, 512);
    ModelStructure structure = tensors.structure("{\"model_type\":\"albert\"}");

    assertThat(structure.known()).isFalse();
    assertThat(structure.modelType()).isEqualTo("albert");
    assertThat(structure.dimensions()).isEmpty();
    assertThat(structure.layerMatrices()).isEmpty();
    assertThat(describe(structure.otherMatrices()))
        .containsExactly(
            "-1 OTHER albert.encoder.layers.3.attention.query.weight [8, 8]",
            "-1 OTHER albert.conv.weight [8, 12]");
    assertThat(structure.isBuffer(tensors.tensors.getLast())).isTrue();
    assertThat(structure.layer("albert.encoder.layers.3.attention.query.weight"))
        .contains(new LayerPosition("albert.encoder.layers.", 3, 4));
    assertThat(structure.layer("albert.norm.weight")).isEmpty();
    assertThat(structure.describe(spec("albert.norm.weight", 8))).isEqualTo("norm");
    assertThat(structure.describe(spec("...", 8))).isEqualTo("other");
    assertThat(structure.balanceTraits())
        .isEqualTo(new BalanceTraits(Rotary.NONE, 0, false, Mlp.UNKNOWN));
  }

  @Test
  void readsCheckpointsWithoutConfig() {
    ModelStructure structure =
        Architectures.load().structure(null, List.of(spec("a.weight", 2, 3)), "x");

    assertThat(structure.modelType()).isEqualTo("unknown");
    assertThat(structure.canonical("bert.a.gamma")).isEqualTo("bert.a.gamma");
    assertThat(describe(structure.otherMatrices())).containsExactly("-1 OTHER a.weight [2, 3]");
  }

  @Test
  void acceptsAFileWithHeadsOnly() {
    ModelStructure structure = new TensorList().f32("lm_head.weight", 96, 8).structure(LLAMA);

    assertThat(structure.layerMatrices()).isEmpty();
    assertThat(structure.dimensions().orElseThrow().layers()).isEqualTo(2);
  }

  @Test
  void keepsLayersBeyondTheConfigsCountOutOfTheLayers() {
    ModelStructure structure =
        new TensorList().f32("model.layers.2.self_attn.q_proj.weight", 8, 8).structure(LLAMA);

    assertThat(structure.layerMatrices()).isEmpty();
    assertThat(structure.otherMatrices()).hasSize(1);
  }

  @Test
  void refusesShapesThatContradictTheConfig() {
    TensorList tensors = new TensorList().f32("model.layers.0.self_attn.k_proj.weight", 8, 8);

    assertThatThrownBy(() -> tensors.structure(LLAMA))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining("model.safetensors")
        .hasMessageContaining("model.layers.0.self_attn.k_proj.weight")
        .hasMessageContaining("expected shape [4, 8]")
        .hasMessageEndingWith("found [8, 8]");
  }

  @Test
  void refusesTwoNamesOfOneWeight() {
    TensorList tensors = new TensorList().f32("model.norm.weight", 8).f32("norm.weight", 8);

    assertThatThrownBy(() -> tensors.structure(LLAMA))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining("\"model.norm.weight\"")
        .hasMessageContaining("\"norm.weight\"");
  }

  @ParameterizedTest
  @CsvSource({
    "num_hidden_layers, 0",
    "num_hidden_layers, 100001",
    "num_hidden_layers, -1",
    "num_hidden_layers, null",
    "num_attention_heads, 0",
    "num_attention_heads, 3",
    "num_attention_heads, 1e9",
    "num_key_value_heads, 3",
    "num_key_value_heads, 8",
    "hidden_size, 9",
    "hidden_size, 99999999999999",
    "intermediate_size, '[1,2]'",
    "head_dim, 0",
    "partial_rotary_factor, 0",
    "partial_rotary_factor, 1.5",
    "partial_rotary_factor, NaN",
    "rope_parameters, 3",
    "tie_word_embeddings, 1"
  })
  void refusesSizesThatMakeNoSense(String key, String value) {
    String config = LLAMA.replaceAll("\"" + key + "\": *[^,}]+[,}]", "").replaceAll("\\s*}?$", "");
    String hostile = config.replaceAll(",$", "") + ", \"" + key + "\": " + value + "}";

    assertThatThrownBy(() -> new TensorList().structure(hostile))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageStartingWith("config.json: key ")
        .hasMessageContaining("expected ");
  }

  /** A family that only this test knows. */
  public static final class TinyProvider implements ArchitectureProvider {

    static final Architecture TINY =
        Architecture.of("tiny")
            .prefix("net.")
            .sizes(SizeKeys.of("d", "heads", "f"))
            .stack(LayerStack.at("part.{n}.", "depth").mlp("in", "out"))
            .build();

    @Override
    public List<Architecture> architectures() {
      return List.of(TINY);
    }
  }
}
