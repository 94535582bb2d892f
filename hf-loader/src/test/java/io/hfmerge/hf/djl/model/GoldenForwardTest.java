package io.hfmerge.hf.djl.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.testing.ModelFolders;
import io.hfmerge.hf.testing.StoredTensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Against transformers 5.18 in f32 with eager attention. */
class GoldenForwardTest {

  /** Order of summation differs from libtorch build to libtorch build; real errors are larger. */
  private static final double TOLERANCE = 1e-4;

  private static final double LOSS_TOLERANCE = 1e-5;

  @TempDir private Path folder;

  static Stream<Arguments> models() {
    return ModelFolders.FAMILIES.stream()
        .flatMap(family -> Stream.of("base", "a").map(model -> Arguments.of(family, model)));
  }

  @ParameterizedTest
  @MethodSource("models")
  void givesWhatTransformersGives(String family, String model) throws Exception {
    compare(
        ModelFolders.golden(family, model),
        ModelFolders.golden(family, "forward-" + model + ".safetensors"));
  }

  /** See make_forward.py beside them. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "qwen3",
        "gemma",
        "llama-llama3",
        "llama-yarn",
        "llama-linear",
        "mistral-window",
        "qwen2-window",
        "phi-norms",
        "gpt_neox-sequential",
        "gpt2-scaled",
        "llama-sequence",
        "bert-model",
        "bert-sequence",
        "bert-token",
        "bert-pretraining",
        "roberta-sequence",
        "roberta-token",
        "vit-model"
      })
  void givesWhatTransformersGivesForOtherClassesAndSettings(String name) throws Exception {
    Path model = ModelFolders.GOLDEN.resolve("forward").resolve(name).toAbsolutePath();
    compare(model, model.resolve("forward.safetensors"));
  }

  private void compare(Path model, Path reference) throws Exception {
    Path output = folder.resolve("out.safetensors");
    try (HfModel files = HfModels.open(model.toString());
        TransformerModel loaded = TransformerModel.load(files, Device.cpu())) {
      ForwardFiles.run(loaded, reference, output);
    }

    Map<String, StoredTensor> expected = ModelFolders.read(reference);
    Map<String, StoredTensor> found = ModelFolders.read(output);
    for (String name : List.of("hidden_first", "last_hidden_state", "pooler_output", "logits")) {
      if (expected.containsKey(name)) {
        assertThat(found.get(name).spec()).isEqualTo(expected.get(name).spec());
        assertThat(difference(expected.get(name), found.get(name), mask(name, expected)))
            .as(name)
            .isLessThanOrEqualTo(TOLERANCE);
      }
    }
    if (expected.containsKey("mean_nll")) {
      assertThat(difference(expected.get("mean_nll"), found.get("mean_nll"), null))
          .isLessThanOrEqualTo(LOSS_TOLERANCE);
    }
  }

  private static StoredTensor mask(String name, Map<String, StoredTensor> expected) {
    boolean byToken = expected.get(name).spec().shape().rank() == 3;
    return byToken ? expected.get("attention_mask") : null;
  }

  /** Largest absolute difference at tokens that are not padding. */
  static double difference(StoredTensor expected, StoredTensor found, StoredTensor mask) {
    double[] a = expected.values();
    double[] b = found.values();
    int width =
        mask == null ? a.length : (int) (expected.spec().elements() / mask.spec().elements());
    double largest = 0;
    for (int i = 0; i < a.length; i++) {
      boolean token = mask == null || mask.bytes()[i / width * Long.BYTES] != 0;
      double difference = Math.abs(a[i] - b[i]);
      if (token && !(difference <= largest)) {
        largest = difference;
      }
    }
    return largest;
  }
}
