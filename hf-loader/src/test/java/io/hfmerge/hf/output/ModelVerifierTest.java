package io.hfmerge.hf.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.hf.checklist.Finding;
import io.hfmerge.hf.checklist.ModelTrial;
import io.hfmerge.hf.safetensors.SafetensorsWriter;
import io.hfmerge.hf.testing.ModelFolders;
import io.hfmerge.hf.testing.StoredTensor;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.testing.CountingListener;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelVerifierTest {

  private static final String FIRST = "model-00001-of-00004.safetensors";
  private static final String SECOND = "model-00002-of-00004.safetensors";

  private static final String NO_TOKENIZER =
      "no tokenizer files: programs cannot turn text into the model's tokens";

  @TempDir Path temp;

  private Path a;
  private Path single;
  private Path sharded;

  @BeforeEach
  void merge() throws IOException {
    Path base = ModelFolders.golden("llama", "base");
    a = ModelFolders.copy(ModelFolders.golden("llama", "a"), temp.resolve("a"), t -> t);
    single = temp.resolve("single");
    sharded = temp.resolve("sharded");
    String recipe = Merging.sum(base, a, 0.5);
    Merging.merge(recipe, single, Merging.DEFAULTS.withSha256(true));
    Merging.merge(recipe, sharded, Merging.shards(50_000));
    Files.writeString(single.resolve(".gitattributes"), "no part of the model");
  }

  private static Verification verify(Path folder) throws IOException {
    return ModelVerifier.verify(folder, 2, false, Optional.empty(), ProgressListener.NONE);
  }

  private static List<Finding> findings(Path folder) throws IOException {
    Verification verification = verify(folder);
    assertThat(verification.matches()).isEqualTo(verification.findings().isEmpty());
    return verification.findings();
  }

  private static void flip(Path file, long position) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      channel.read(one, position);
      channel.write(ByteBuffer.wrap(new byte[] {(byte) (one.get(0) ^ 1)}), position);
    }
  }

  @Test
  void findsNothingInWhatWasMerged() throws IOException {
    for (Path folder : List.of(single, sharded)) {
      CountingListener listener = new CountingListener();
      Verification verification = ModelVerifier.verify(folder, 3, true, Optional.empty(), listener);
      assertThat(verification.findings()).isEmpty();
      assertThat(verification.tensors()).isEqualTo(39);
      assertThat(listener.advanced()).hasValue(listener.announced().get());
      assertThat(verification.lines().getLast()).contains("all as hfmerge.json says", "39 tensors");
    }
    assertThat(verify(single).notes()).containsExactly(NO_TOKENIZER);
  }

  @Test
  void namesTheTensorOfAFlippedBit() throws IOException {
    Path file = single.resolve("model.safetensors");
    for (long fromEnd : new long[] {1, 5000, 100_000}) {
      long position = Files.size(file) - fromEnd;
      flip(file, position);
      List<Finding> found = findings(single);
      assertThat(found).singleElement();
      assertThat(found.getFirst().where()).matches("tensor \".*\" in model.safetensors");
      assertThat(found.getFirst().describe())
          .matches(".*: expected CRC-32C [0-9a-f]{8}, found CRC-32C [0-9a-f]{8}");
      assertThat(verify(single).lines().getLast()).contains("1 thing is wrong");
      flip(file, position);
    }
    assertThat(findings(single)).isEmpty();
  }

  @Test
  void seesWhatIsInNoTensor() throws IOException {
    Path file = single.resolve("model.safetensors");
    String header = Files.readString(file, java.nio.charset.StandardCharsets.ISO_8859_1);
    int metadata = header.indexOf("\"pt\"");
    flip(file, metadata + 1);
    assertThat(findings(single))
        .singleElement()
        .extracting(Finding::where)
        .isEqualTo("header of model.safetensors");
    flip(file, metadata + 1);
    // the length of the header
    flip(file, 0);
    assertThat(findings(single))
        .singleElement()
        .extracting(Finding::expected)
        .isEqualTo("a file of weights");
  }

  @Test
  void seesAFileCutShortAndSaysHowManyTensorsThatLeavesUnread() throws IOException {
    Path shard = sharded.resolve(SECOND);
    long size = Files.size(shard);
    try (FileChannel channel = FileChannel.open(shard, StandardOpenOption.WRITE)) {
      channel.truncate(size - 1);
    }
    Verification verification = verify(sharded);
    assertThat(verification.findings().getFirst().describe())
        .isEqualTo((SECOND + ": expected %d bytes, found %d bytes").formatted(size, size - 1));
    assertThat(verification.notes()).anyMatch(note -> note.contains("tensors could not be read"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"config.json", "README.md", "hfmerge.yaml", "model.safetensors"})
  void seesAFileThatIsMissing(String name) throws IOException {
    Files.delete(single.resolve(name));
    assertThat(findings(single)).containsExactly(new Finding(name, "a file", "none"));
  }

  @Test
  void seesCompanionsThatChangedAndFilesThatWereAdded() throws IOException {
    flip(single.resolve("config.json"), 10);
    Files.writeString(single.resolve("README.md"), "my own words");
    Files.writeString(single.resolve("pytorch_model.bin"), "?");
    Files.createDirectory(single.resolve("1_Pooling"));
    Files.writeString(single.resolve("1_Pooling/config.json"), "{}");
    assertThat(findings(single))
        .extracting(Finding::where)
        .containsExactlyInAnyOrder(
            "config.json", "README.md", "pytorch_model.bin", "1_Pooling/config.json");
  }

  @Test
  void seesAnIndexThatNamesOtherFiles() throws IOException {
    Path index = sharded.resolve(SafetensorsWriter.INDEX_FILE);
    String text = Files.readString(index);
    Files.writeString(index, text.replaceFirst(FIRST, SECOND));
    assertThat(findings(sharded))
        .extracting(Finding::where)
        .containsExactly(SafetensorsWriter.INDEX_FILE, SafetensorsWriter.INDEX_FILE);
  }

  @Test
  void seesOtherTensorsThanTheManifestHas() throws IOException {
    Path manifest = single.resolve(Manifest.FILE);
    String text = Files.readString(manifest);
    Files.writeString(
        manifest,
        text.replace("\"model.norm.weight\": {\"dtype\": \"F32\"", "\"other\": {\"dtype\": \"F32\"")
            .replace(
                "\"lm_head.weight\": {\"dtype\": \"F32\"",
                "\"lm_head.weight\": {\"dtype\": \"BF16\""));
    assertThat(findings(single))
        .extracting(Finding::describe)
        .containsExactlyInAnyOrder(
            "tensor \"lm_head.weight\" in model.safetensors: expected BF16[96, 32], found F32[96, 32]",
            "tensor \"model.norm.weight\" in model.safetensors: expected no such tensor there, found"
                + " F32[32]",
            "tensor \"other\": expected F32[32], found no such tensor");
  }

  @Test
  void comparesSha256WhereItWasRecorded() throws IOException {
    Path manifest = single.resolve(Manifest.FILE);
    String text = Files.readString(manifest);
    assertThat(text).contains("\"sha256\": \"");
    int at = text.lastIndexOf("\"sha256\": \"") + "\"sha256\": \"".length();
    char other = text.charAt(at) == '0' ? '1' : '0';
    Files.writeString(manifest, text.substring(0, at) + other + text.substring(at + 1));
    assertThat(findings(single)).isEmpty();
    assertThat(
            ModelVerifier.verify(single, 2, true, Optional.empty(), ProgressListener.NONE)
                .findings())
        .singleElement()
        .extracting(Finding::where)
        .isEqualTo("model.safetensors");
    assertThat(
            ModelVerifier.verify(sharded, 2, true, Optional.empty(), ProgressListener.NONE).notes())
        .anyMatch(note -> note.contains("has no SHA-256"));
  }

  @Test
  void saysThatInputsHaveChangedSinceWhichIsNoFaultOfTheOutput() throws IOException {
    Files.setLastModifiedTime(
        a.resolve("model.safetensors"), FileTime.from(Instant.parse("2026-01-02T03:04:05Z")));
    Verification changed = verify(single);
    assertThat(changed.findings()).isEmpty();
    assertThat(changed.notes())
        .anySatisfy(note ->
            assertThat(note).contains("input " + a + " has changed", "2026-01-02T03:04:05Z"));
    Files.delete(a.resolve("model.safetensors"));
    assertThat(verify(single).notes())
        .containsExactly(NO_TOKENIZER, "input " + a + " is not there any more");
  }

  @Test
  void checksAFolderWithoutAManifestByItself() throws IOException {
    Verification verification = verify(a);
    assertThat(verification.matches()).isTrue();
    assertThat(verification.notes())
        .anyMatch(note -> note.contains("no hfmerge.json to compare checksums with"));
    Path broken =
        ModelFolders.copy(
            ModelFolders.golden("llama", "a"),
            temp.resolve("broken"),
            t -> t.name().equals("model.norm.weight") ? notANumber(t) : t);
    assertThat(verify(broken).findings())
        .singleElement()
        .extracting(Finding::describe)
        .asString()
        .contains("tensor \"model.norm.weight\": expected finite numbers, found 1");
  }

  @Test
  void namesWhatDoesNotOpenAsAFinding() throws IOException {
    Path empty = Files.createDirectory(temp.resolve("empty"));
    assertThat(findings(empty))
        .singleElement()
        .extracting(Finding::describe)
        .asString()
        .contains("expected a model that opens");
  }

  @Test
  void runsTheModelOnlyIfNothingElseIsWrong() throws IOException {
    List<String> runs = new ArrayList<>();
    ModelTrial trial =
        model -> {
          runs.add(model.reference());
          return ModelTrial.Outcome.fault(new Finding("forward pass", "this", "that"));
        };
    assertThat(run(single, trial).findings())
        .containsExactly(new Finding("forward pass", "this", "that"));
    assertThat(runs).containsExactly(single.toString());
    flip(single.resolve("model.safetensors"), Files.size(single.resolve("model.safetensors")) - 1);
    run(single, trial);
    Path incomplete =
        ModelFolders.copy(
            ModelFolders.golden("llama", "a"),
            temp.resolve("incomplete"),
            t -> t.name().equals("model.norm.weight") ? notANumber(t) : t);
    assertThat(run(incomplete, trial).notes())
        .contains("the model was not run, since something else is wrong already");
    assertThat(runs).hasSize(1);
  }

  private static Verification run(Path folder, ModelTrial trial) throws IOException {
    return ModelVerifier.verify(folder, 2, false, Optional.of(trial), ProgressListener.NONE);
  }

  @Test
  void looksForNumbersThatAreNotFiniteWhileItTakesChecksums() throws IOException {
    Path nan =
        ModelFolders.copy(
            ModelFolders.golden("llama", "a"),
            temp.resolve("nan"),
            t -> t.name().equals("model.norm.weight") ? notANumber(t) : t);
    Path out = temp.resolve("out");
    Merging.merge(
        Merging.sum(ModelFolders.golden("llama", "base"), nan, 1),
        out,
        Merging.DEFAULTS.withAllowNonFinite(true));
    CountingListener listener = new CountingListener();
    Verification verification = ModelVerifier.verify(out, 2, false, Optional.empty(), listener);
    assertThat(verification.findings())
        .singleElement()
        .extracting(Finding::describe)
        .asString()
        .contains("tensor \"model.norm.weight\": expected finite numbers, found 1");
    long files = 0;
    for (Path file : FolderFiles.list(out).values()) {
      files += file.endsWith(Manifest.FILE) ? 0 : Files.size(file);
    }
    // each byte once
    assertThat(listener.advanced()).hasValue(files);
    assertThat(verification.bytesRead()).isEqualTo(files);
  }

  private static StoredTensor notANumber(StoredTensor tensor) {
    double[] values = tensor.values().clone();
    values[0] = Double.NaN;
    return StoredTensor.of(tensor.name(), tensor.spec().dtype(), tensor.spec().shape(), values);
  }

  @Test
  void refusesABrokenManifest() throws IOException {
    assertThatThrownBy(() -> verify(temp.resolve("nowhere")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("expected a folder, found none");
    Path manifest = single.resolve(Manifest.FILE);
    String text = Files.readString(manifest);
    for (String broken :
        List.of(
            "",
            "[]",
            "null",
            "{",
            text.substring(0, text.length() / 2),
            text.replace("manifest/1", "manifest/2"),
            text.replace("\"F32\"", "\"F33\""),
            text.replace("[96, 32]", "[-96, 32]"),
            text.replace("\"crc32c\": \"", "\"crc32c\": \"x"),
            text.replace("\"modified\": \"2", "\"modified\": \"x"),
            text.replace("\"bytes\":", "\"byte\":"),
            text.replace("\"bytes\": 1", "\"bytes\": \"x\", \"b\": 1"))) {
      Files.writeString(manifest, broken);
      assertThatThrownBy(() -> verify(single))
          .as(broken)
          .isInstanceOf(MalformedCheckpointException.class)
          .hasMessageContaining(manifest.toString());
    }
  }
}
