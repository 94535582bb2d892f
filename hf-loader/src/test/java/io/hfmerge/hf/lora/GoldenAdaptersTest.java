package io.hfmerge.hf.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.testing.ModelFolders;
import io.hfmerge.hf.testing.StoredTensor;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Bases with adapters applied against what PEFT 0.21 merges them to. */
class GoldenAdaptersTest {

  private static final Path MERGED = ModelFolders.GOLDEN.resolve("formats");
  private static final Path CHANGED = ModelFolders.GOLDEN.resolve("adapters");

  /** PEFT adds in F32 to values around 1. */
  private static final double TOLERANCE = 1e-6;

  /** PEFT takes norms and quotients in F32 too. */
  private static final double MAGNITUDE_TOLERANCE = 1e-5;

  @TempDir Path temp;

  static List<String> changed() throws IOException {
    try (Stream<Path> folders = Files.list(CHANGED)) {
      return folders
          .filter(Files::isDirectory)
          .map(folder -> folder.getFileName().toString())
          .sorted()
          .toList();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "llama, lora-llama",
    "llama, lora-llama-rs-pattern",
    "gpt2, lora-gpt2-conv1d",
    "bert, lora-bert-modules-to-save",
    "llama, dora-llama"
  })
  void givesTheWholeModelThatPeftMerges(String family, String adapter) throws IOException {
    Map<String, StoredTensor> expected =
        ModelFolders.read(MERGED.resolve(adapter).resolve("expected-merged"));
    try (HfModel model = open(family, MERGED.resolve(adapter))) {
      assertThat(model.checkpoint().tensors())
          .containsExactlyInAnyOrderElementsOf(
              expected.values().stream().map(StoredTensor::spec).toList());
      assertSame(model.checkpoint(), expected, tolerance(adapter));
    }
  }

  @ParameterizedTest
  @MethodSource("changed")
  void changesTheTensorsThatPeftChanges(String adapter) throws IOException {
    String family = adapter.substring(0, adapter.indexOf('-'));
    Map<String, StoredTensor> expected =
        ModelFolders.read(CHANGED.resolve(adapter).resolve("expected.safetensors"));
    Map<String, StoredTensor> base = ModelFolders.read(ModelFolders.golden(family, "base"));
    try (HfModel model = open(family, CHANGED.resolve(adapter))) {
      assertSame(model.checkpoint(), expected, tolerance(adapter));
      for (TensorSpec spec : model.checkpoint().tensors()) {
        if (!expected.containsKey(spec.name())) {
          assertThat(read(model.checkpoint(), spec).bytes())
              .as(spec.name())
              .isEqualTo(base.get(spec.name()).bytes());
        }
      }
    }
  }

  @Test
  void findsTheTensorsOfABaseSavedWithoutPrefix() throws IOException {
    Path adapter = MERGED.resolve("lora-gpt2-conv1d");
    Path bare =
        ModelFolders.copy(
            ModelFolders.golden("gpt2", "base"),
            temp.resolve("bare"),
            tensor -> tensor.named(tensor.name().replaceFirst("^transformer\\.", "")));
    Map<String, StoredTensor> expected = ModelFolders.read(adapter.resolve("expected-merged"));
    try (HfModel model = HfModels.open(bare + "+" + adapter)) {
      for (TensorSpec spec : model.checkpoint().tensors()) {
        assertThat(read(model.checkpoint(), spec).values())
            .as(spec.name())
            .containsExactly(
                expected.get("transformer." + spec.name()).values(), within(TOLERANCE));
      }
    }
  }

  private static HfModel open(String family, Path adapter) throws IOException {
    return HfModels.open(ModelFolders.golden(family, "base") + "+" + adapter.toAbsolutePath());
  }

  private static double tolerance(String adapter) {
    return adapter.contains("dora") || adapter.contains("convolution")
        ? MAGNITUDE_TOLERANCE
        : TOLERANCE;
  }

  private static void assertSame(
      Checkpoint checkpoint, Map<String, StoredTensor> expected, double tolerance)
      throws IOException {
    for (StoredTensor reference : expected.values()) {
      assertThat(read(checkpoint, checkpoint.get(reference.name())).values())
          .as(reference.name())
          .containsExactly(reference.values(), within(tolerance));
    }
  }

  private static StoredTensor read(Checkpoint checkpoint, TensorSpec spec) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(spec.sizeBytes());
      checkpoint.read(spec.name(), 0, bytes);
      return new StoredTensor(spec, bytes.toArray(ValueLayout.JAVA_BYTE));
    }
  }
}
