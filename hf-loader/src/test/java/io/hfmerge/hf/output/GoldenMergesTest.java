package io.hfmerge.hf.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.testing.ModelFolders;
import io.hfmerge.hf.testing.StoredTensor;
import io.hfmerge.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.json.JsonMapper;

/** Whole folders against mergekit's, and every family against arithmetic done here. */
class GoldenMergesTest {

  static final List<String> FAMILIES = ModelFolders.FAMILIES;

  private static final Path MERGES = ModelFolders.GOLDEN.resolve("merges");

  /** The reference computes in F32 on values around 1, with a rounding per model. */
  private static final double TOLERANCE = 1e-6;

  @TempDir Path temp;

  static List<String> merges() throws IOException {
    try (Stream<Path> folders = Files.list(MERGES)) {
      return folders.map(folder -> folder.getFileName().toString()).sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("merges")
  void writesWhatMergekitWrites(String name) throws IOException {
    Path golden = MERGES.resolve(name);
    Path models = ModelFolders.GOLDEN.resolve("checkpoints").toAbsolutePath();
    String recipe =
        Files.readString(golden.resolve("recipe.yaml")).replace("{MODELS}", models.toString());
    if (name.startsWith("breadcrumbs")) {
      // mergekit drops the task vectors of short tensors
      recipe += "compat: mergekit\n";
    }
    Path out = temp.resolve("out");

    Merging.merge(recipe, out);

    Map<String, StoredTensor> expected = ModelFolders.read(golden.resolve("expected.safetensors"));
    Map<String, StoredTensor> merged = ModelFolders.read(out);
    assertThat(merged.keySet()).containsExactlyInAnyOrderElementsOf(expected.keySet());
    expected.forEach((tensor, reference) -> {
      StoredTensor actual = merged.get(tensor);
      assertThat(actual.spec()).isEqualTo(reference.spec());
      if (reference.spec().dtype() == DType.BF16) {
        assertThat(largestStep(actual.bytes(), reference.bytes()))
            .as(tensor)
            .isLessThanOrEqualTo(1);
      } else {
        assertThat(actual.values())
            .as(tensor)
            .containsExactly(reference.values(), within(TOLERANCE));
      }
    });
    assertThat(JsonMapper.shared().readTree(Files.readString(out.resolve("config.json"))))
        .isEqualTo(
            JsonMapper.shared().readTree(Files.readString(golden.resolve("expected-config.json"))));
  }

  /** How many representable BF16 numbers two tensors are apart at most. */
  private static int largestStep(byte[] actual, byte[] expected) {
    int largest = 0;
    for (int i = 0; i < expected.length; i += 2) {
      largest = Math.max(largest, Math.abs(rank(actual, i) - rank(expected, i)));
    }
    return largest;
  }

  private static int rank(byte[] bytes, int at) {
    short bits = (short) ((bytes[at] & 0xff) | bytes[at + 1] << 8);
    return bits < 0 ? -(bits & 0x7fff) : bits;
  }

  @ParameterizedTest
  @FieldSource("FAMILIES")
  void addsTaskVectorsOfEveryFamily(String family) throws IOException {
    Path base = ModelFolders.golden(family, "base");
    Path a = ModelFolders.golden(family, "a");
    Path b = ModelFolders.golden(family, "b");
    Path out = temp.resolve("out");

    Merging.merge(Merging.sum(base, a, 1, b, 0.5), out);

    Map<String, StoredTensor> first = ModelFolders.read(a);
    Map<String, StoredTensor> second = ModelFolders.read(b);
    Map<String, StoredTensor> bases = ModelFolders.read(base);
    try (HfModel opened = HfModels.open(out.toString())) {
      assertThat(opened.structure().known()).isTrue();
      assertThat(opened.checkpoint().tensors())
          .containsExactlyInAnyOrderElementsOf(
              bases.values().stream().map(StoredTensor::spec).toList());
    }
    ModelFolders.read(out)
        .forEach((name, merged) -> {
          double[] expected = bases.get(name).values();
          double[] x = first.get(name).values();
          double[] y = second.get(name).values();
          for (int i = 0; i < expected.length; i++) {
            expected[i] = expected[i] + (x[i] - expected[i]) + 0.5 * (y[i] - expected[i]);
          }
          assertThat(merged.values()).as(name).containsExactly(expected, within(TOLERANCE));
        });
    assertThat(Files.readAllBytes(out.resolve("config.json")))
        .isEqualTo(Files.readAllBytes(base.resolve("config.json")));
  }
}
