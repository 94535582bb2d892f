package io.hfmerge.hf.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.HfMergeException;
import io.hfmerge.error.IncompatibleCheckpointsException;
import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.testing.ModelFolders;
import io.hfmerge.hf.testing.StoredTensor;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AdapterRefusalsTest {

  private static final String A = "base_model.model.layers.0.proj.lora_A.weight";
  private static final String B = "base_model.model.layers.0.proj.lora_B.weight";

  @TempDir Path temp;

  private final Random random = new Random(1);
  private final StoredTensor a = AdapterFolders.random(A, DType.F32, random, 2, 5);
  private final StoredTensor b = AdapterFolders.random(B, DType.F32, random, 3, 2);

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"r\": -1 | \"r\"",
        "\"r\": 0 | \"r\"",
        "\"r\": 1e9 | \"r\"",
        "\"r\": 100000000 | \"r\"",
        "\"lora_alpha\": NaN | lora_alpha",
        "\"lora_alpha\": \"8\" | lora_alpha",
        "\"bias\": \"some\" | bias",
        "\"rank_pattern\": {\"proj\": -2} | rank_pattern",
        "\"alpha_pattern\": {\"proj\": \"x\"} | alpha_pattern",
        "\"target_modules\": [1] | target_modules",
        "\"layers_to_transform\": [0.5] | layers_to_transform"
      })
  void configsThatMakeNoSense(String entry, String names) {
    assertThatThrownBy(() -> AdapterConfig.parse(config(entry), "config"))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining(names);
  }

  /** The rank is only known with the module, and alpha with it. */
  private static String config(String entry) {
    String key = entry.substring(0, entry.indexOf(':'));
    StringBuilder config = new StringBuilder("{").append(entry);
    for (String other :
        List.of("\"peft_type\": \"LORA\"", "\"r\": 2", "\"target_modules\": [\"proj\"]")) {
      if (!other.startsWith(key)) {
        config.append(", ").append(other);
      }
    }
    return config.append('}').toString();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"peft_type\": \"IA3\"",
        "\"layer_replication\": [[0, 4], [2, 6]]",
        "\"trainable_token_indices\": [1, 2]",
        "\"target_parameters\": [\"experts.down_proj\"]",
        "\"use_qalora\": true",
        "\"use_bdlora\": {\"nblocks\": 2}",
        "\"kasa_config\": {\"beta\": 1}",
        "\"alora_invocation_tokens\": [3]",
        "\"arrow_config\": {\"top_k\": 3}",
        "\"something_new\": 1"
      })
  void settingsThatAreNotComputedAreNamed(String entry) {
    String key = entry.substring(1, entry.indexOf('"', 1));
    assertThatThrownBy(() -> AdapterConfig.parse(config(entry), "config"))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageContaining(key);
  }

  /** They are right for a base that was changed as training began, which nothing in them tells. */
  @ParameterizedTest
  @ValueSource(strings = {"pissa", "pissa_niter_16", "olora", "loftq", "corda", "lora_ga"})
  void initialisationsThatChangeTheBaseAreTold(String name) {
    String init = "\"init_lora_weights\": \"" + name + '"';
    assertThat(AdapterConfig.parse(config(init), "config").notes())
        .singleElement()
        .asString()
        .startsWith("config: key \"init_lora_weights\": found \"" + name + '"')
        .contains("the result is wrong unless the base given is the changed one");
    assertThat(AdapterConfig.parse(config("\"init_lora_weights\": \"Gaussian\""), "c").notes())
        .isEmpty();
    assertThat(AdapterConfig.parse(config("\"init_lora_weights\": true"), "c").notes()).isEmpty();
  }

  @Test
  void hugeScalesAreRefusedWhereTheyApply() {
    assertRefused(
        AdapterFolders.config("").replace("4", "1e12"),
        List.of(a, b),
        MalformedCheckpointException.class,
        "lora_alpha");
  }

  @Test
  void factorsWithoutTheirPartner() {
    assertRefused(AdapterFolders.config(""), List.of(a), MalformedCheckpointException.class, B);
    assertRefused(AdapterFolders.config(""), List.of(b), MalformedCheckpointException.class, A);
  }

  @Test
  void tensorsThatAreNotMeant() {
    for (String name :
        List.of(
            "base_model.model.layers.0.proj.weight",
            "base_model.model.layers.0.other.lora_A.weight",
            "base_model.model.layers.0.proj.lora_A.default.weight",
            "layers.0.proj.lora_A.weight",
            "base_model.model.layers.0.proj.lora_magnitude_vector")) {
      StoredTensor extra = AdapterFolders.random(name, DType.F32, random, 3);
      assertRefused(
          AdapterFolders.config(""),
          List.of(a, b, extra),
          MalformedCheckpointException.class,
          name.contains("magnitude") ? "lora_magnitude_vector" : name);
    }
  }

  @Test
  void shapesThatDoNotFit() {
    assertRefused(
        AdapterFolders.config("\"rank_pattern\": {\"proj\": 3}"),
        List.of(a, b),
        MalformedCheckpointException.class,
        "[3, in]");
    assertRefused(
        AdapterFolders.config(""),
        List.of(a, AdapterFolders.random(B, DType.F32, random, 3, 3)),
        MalformedCheckpointException.class,
        "[out, 2]");
    assertRefused(
        AdapterFolders.config(""),
        List.of(a, AdapterFolders.random(B, DType.F32, random, 4, 2)),
        IncompatibleCheckpointsException.class,
        "layers.0.proj.weight");
    assertRefused(
        AdapterFolders.config("\"use_dora\": true"),
        List.of(
            a,
            b,
            AdapterFolders.random(
                "base_model.model.layers.0.proj.lora_magnitude_vector", DType.F32, random, 5)),
        MalformedCheckpointException.class,
        "3 elements");
  }

  @Test
  void modulesThatTheBaseHasNot() {
    UnaryOperator<StoredTensor> elsewhere = t -> t.named(t.name().replace("layers.0", "layers.7"));
    assertRefused(
        AdapterFolders.config(""),
        List.of(elsewhere.apply(a), elsewhere.apply(b)),
        IncompatibleCheckpointsException.class,
        "layers.7.proj");
  }

  @Test
  void layersThatTheFileLacks() throws IOException {
    Path source = ModelFolders.GOLDEN.resolve("formats/lora-llama");
    List<StoredTensor> tensors =
        new ArrayList<>(ModelFolders.read(source.resolve(Adapter.FILES.getFirst())).values());
    tensors.removeIf(t -> t.name().contains("layers.2.mlp"));
    Path cut =
        AdapterFolders.write(
            temp.resolve("cut"), Files.readString(source.resolve(AdapterConfig.FILE)), tensors);
    assertThatThrownBy(() -> HfModels.open(ModelFolders.golden("llama", "base") + "+" + cut))
        .isInstanceOf(IncompatibleCheckpointsException.class)
        .hasMessageContaining("model.layers.2.mlp.down_proj");
  }

  @Test
  void numbersThatAreNotFinite() throws IOException {
    double[] values = b.values();
    values[3] = Double.POSITIVE_INFINITY;
    StoredTensor broken = StoredTensor.of(B, DType.F32, Shape.of(3, 2), values);
    Path adapter =
        AdapterFolders.write(
            temp.resolve("adapter"), AdapterFolders.config(""), List.of(a, broken));
    try (HfModel model = HfModels.open(base() + "+" + adapter);
        Arena arena = Arena.ofConfined()) {
      assertThatThrownBy(
              () -> model.checkpoint().read("layers.0.proj.weight", 0, arena.allocate(60)))
          .isInstanceOf(MalformedCheckpointException.class)
          .hasMessageContaining(B)
          .hasMessageContaining("Infinity");
    }
  }

  @Test
  @Timeout(20)
  void expressionsThatNeverEnd() {
    ModulePattern pattern = ModulePattern.whole("config", ".*.*.*.*.*[A-Z]");
    assertThatThrownBy(() -> pattern.matches("a".repeat(300)))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageContaining("steps");
    assertThatThrownBy(() -> ModulePattern.whole("config", "(".repeat(5000)))
        .isInstanceOf(UnsupportedFeatureException.class);
    assertThatThrownBy(() -> ModulePattern.whole("config", "(unclosed"))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageContaining("unclosed");
  }

  @Test
  void dotsOfPlainNamesMatchAnyCharacterAsInPython() {
    assertThat(ModulePattern.ending("config", "layers.1.q").matches("model.layers.1.q")).isTrue();
    assertThat(ModulePattern.ending("config", "layers.1.q").matches("model.layersX1.q")).isTrue();
    assertThat(ModulePattern.ending("config", "q").matches("model.wq")).isFalse();
    assertThat(ModulePattern.whole("config", "q").matches("model.q")).isFalse();
    assertThat(ModulePattern.whole("config", ".*\\.(q|k)").matches("model.k")).isTrue();
  }

  private Path base() throws IOException {
    Path folder = temp.resolve("base");
    return Files.exists(folder)
        ? folder
        : ModelFolders.write(
            folder,
            List.of(AdapterFolders.random("layers.0.proj.weight", DType.F32, random, 3, 5)));
  }

  private void assertRefused(
      String config,
      List<StoredTensor> tensors,
      Class<? extends HfMergeException> kind,
      String names) {
    assertThatThrownBy(
            () -> {
              Path folder = Files.createTempDirectory(temp, "adapter");
              AdapterFolders.write(folder, config, tensors);
              HfModels.open(base() + "+" + folder).close();
            })
        .isInstanceOf(kind)
        .hasMessageContaining(names);
  }
}
