package io.hfmerge.hf.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The verdicts of the reference library (safetensors for Python) on a set of good and bad files.
 */
class SafetensorsCasesTest {

  private static final Path CASES = Path.of("src/test/resources/golden/formats/safetensors-cases");

  static List<Path> cases() throws IOException {
    try (Stream<Path> files = Files.list(CASES)) {
      return files.filter(f -> f.toString().endsWith(".safetensors")).sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void judgesAsTheReferenceDoesButRefusesDuplicates(Path file) throws IOException {
    JsonNode verdicts =
        JsonMapper.shared().readTree(Files.readString(CASES.resolve("reference-verdicts.json")));
    String name = file.getFileName().toString().replace(".safetensors", "");
    boolean accepted =
        verdicts.get(name).asString().equals("accepted") && !name.startsWith("strict-");
    if (accepted) {
      try (SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.openFile(name, file)) {
        checkpoint.tensors().forEach(t -> assertThat(checkpoint.mapped(t.name())).isPresent());
      }
    } else {
      assertThatThrownBy(() -> SafetensorsCheckpoint.openFile(name, file))
          .isInstanceOf(MalformedCheckpointException.class)
          .hasMessageStartingWith(file.toString())
          .hasMessageContaining("byte");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "bad-overlap|tensor \"b\" at data byte|overlap",
        "bad-hole|tensor \"b\" at data byte|hole",
        "bad-size-mismatch|needs|found",
        "bad-truncated-data|expected|truncated",
        "bad-trailing-data|expected|bytes after the last tensor",
        "bad-git-lfs-pointer|Git LFS pointer|git lfs pull",
        "bad-unknown-dtype|dtype: expected one of|F31",
        "bad-negative-shape|shape: expected whole numbers|-1",
        "bad-not-utf8|expected UTF-8|0x",
        "bad-header-over-limit|expected a header of at most 100000000 bytes|found",
        "bad-shape-overflow|overflows 64 bits|tensor",
        "strict-duplicate-name|stands twice|tensor",
      })
  void refusalSaysWhatWasExpectedAndFound(String name, String first, String second) {
    Path file = CASES.resolve(name + ".safetensors");
    assertThatThrownBy(() -> SafetensorsCheckpoint.openFile(name, file))
        .hasMessageContaining(first)
        .hasMessageContaining(second);
  }

  @Test
  void readsScalarsEmptyTensorsAndUnalignedHeaders() throws IOException {
    try (var scalar = SafetensorsCheckpoint.openFile("s", CASES.resolve("ok-scalar.safetensors"))) {
      assertThat(scalar.tensors().getFirst().shape()).isEqualTo(Shape.of());
      assertThat(scalar.tensors().getFirst().elements()).isEqualTo(1);
    }
    try (var empty =
        SafetensorsCheckpoint.openFile("e", CASES.resolve("ok-empty-tensor.safetensors"))) {
      assertThat(empty.tensors()).anyMatch(t -> t.elements() == 0 && t.dtype() == DType.F32);
    }
    try (var unaligned =
        SafetensorsCheckpoint.openFile("u", CASES.resolve("ok-unaligned-header.safetensors"))) {
      String first = unaligned.tensors().getFirst().name();
      assertThat(unaligned.mapped(first).orElseThrow().address() % 4).isNotZero();
    }
  }
}
