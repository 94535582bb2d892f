package io.hfmerge.hf.torchbin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.HfMergeException;
import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.testing.ModelFolders;
import io.hfmerge.hf.testing.StoredTensor;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Against what torch itself reads from the same files. */
class TorchCheckpointTest {

  @TempDir Path temp;

  @ParameterizedTest
  @ValueSource(strings = {"bin-zip", "bin-legacy"})
  void readsWhatTorchReads(String folder) throws IOException {
    Path file = TorchFiles.formats(folder).resolve("pytorch_model.bin");
    assertSame(file, TorchFiles.formats("bin-expected.safetensors"));
  }

  @ParameterizedTest
  @CsvSource({
    "views-zip.bin, views",
    "views-legacy.bin, views",
    "dtypes-zip.bin, dtypes",
    "module.bin, module",
    "wrapped.bin, module",
    "wrapped-model.bin, module",
    "parameters.bin, module",
    "attributes.bin, attributes"
  })
  void readsEveryLayoutDtypeAndWrapping(String file, String expected) throws IOException {
    assertSame(TorchFiles.torch(file), TorchFiles.torch(expected + ".safetensors"));
  }

  @Test
  void readsShardsByTheirIndex() throws IOException {
    Path index = TorchFiles.torch("sharded").resolve("pytorch_model.bin.index.json");
    try (TorchCheckpoint checkpoint = TorchCheckpoint.openIndex("shards", index)) {
      assertEqual(TorchFiles.read(checkpoint), TorchFiles.torch("views.safetensors"));
    }
  }

  private static void assertSame(Path file, Path expected) throws IOException {
    try (TorchCheckpoint checkpoint = TorchCheckpoint.openFile("file", file)) {
      assertEqual(TorchFiles.read(checkpoint), expected);
    }
  }

  private static void assertEqual(Map<String, StoredTensor> actual, Path expected)
      throws IOException {
    Map<String, StoredTensor> wanted = ModelFolders.read(expected);
    assertThat(actual).containsOnlyKeys(wanted.keySet());
    wanted.forEach((name, tensor) -> {
      assertThat(actual.get(name).spec()).as(name).isEqualTo(tensor.spec());
      assertThat(actual.get(name).bytes()).as(name).isEqualTo(tensor.bytes());
    });
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void anyPartOfAnyViewIsThatPartOfTheWhole(long seed) throws IOException {
    Random random = new Random(seed);
    try (TorchCheckpoint checkpoint =
            TorchCheckpoint.openFile("views", TorchFiles.torch("views-zip.bin"));
        Arena arena = Arena.ofConfined()) {
      Map<String, StoredTensor> whole = ModelFolders.read(TorchFiles.torch("views.safetensors"));
      for (TensorSpec spec : checkpoint.tensors()) {
        byte[] bytes = whole.get(spec.name()).bytes();
        for (int i = 0; i < 40; i++) {
          int from = random.nextInt(bytes.length + 1);
          int to = from + random.nextInt(bytes.length - from + 1);
          MemorySegment part = arena.allocate(to - from);
          checkpoint.read(spec.name(), from, part);
          assertThat(part.toArray(ValueLayout.JAVA_BYTE))
              .as("%s from %d to %d", spec.name(), from, to)
              .isEqualTo(Arrays.copyOfRange(bytes, from, to));
        }
      }
    }
  }

  @Test
  void mapsWhatLiesInOrderAndNothingElse() throws IOException {
    try (TorchCheckpoint checkpoint =
        TorchCheckpoint.openFile("views", TorchFiles.torch("views-zip.bin"))) {
      assertThat(checkpoint.mapped("tied.a")).isPresent();
      assertThat(checkpoint.mapped("slice.rows")).isPresent();
      assertThat(checkpoint.mapped("empty")).isPresent();
      assertThat(checkpoint.mapped("scalar.of.view")).isPresent();
      assertThat(checkpoint.mapped("transposed")).isEmpty();
      assertThat(checkpoint.mapped("expanded.scalar")).isEmpty();
      assertThat(checkpoint.mapped("tied.b").orElseThrow().address())
          .isEqualTo(checkpoint.mapped("tied.a").orElseThrow().address());
      assertThatThrownBy(() -> checkpoint.read("tied.a", 1, MemorySegment.ofArray(new byte[840])))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void saysWhatLayBesideTheWeights() throws IOException {
    try (TorchCheckpoint checkpoint =
        TorchCheckpoint.openFile("m", TorchFiles.torch("wrapped.bin"))) {
      assertThat(checkpoint.notes())
          .containsExactly(
              TorchFiles.torch("wrapped.bin") + ": weights taken from \"state_dict\"",
              TorchFiles.torch("wrapped.bin")
                  + ": left out, beside it: \"epoch\", \"lr\", \"done\", \"none\", \"optimizer\"");
    }
    try (TorchCheckpoint checkpoint =
        TorchCheckpoint.openFile("m", TorchFiles.torch("views-zip.bin"))) {
      assertThat(checkpoint.notes())
          .containsExactly(
              TorchFiles.torch("views-zip.bin")
                  + ": 1 tensor shares its data with others, and each is read as its own: tied.b with"
                  + " tied.a");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "module     | global torch.nn.modules.container.Sequential",
        "tensor     | expected a dict of tensors by name, found a tensor",
        "list       | expected a dict of tensors by name, found a list of 1",
        "sparse     | global torch._utils._rebuild_sparse_tensor",
        "quantised  | global torch._utils._rebuild_qtensor",
        "conjugate  | found \"conj\"",
        "complex128 | global torch.ComplexDoubleStorage",
        "numpy      | global numpy._core.multiarray.scalar",
        "protocol-4 | found protocol 4",
        "torchscript| found a TorchScript program"
      })
  void refusesByName(String file, String reason) {
    assertThatThrownBy(
            () -> TorchCheckpoint.openFile("m", TorchFiles.torch("refused-" + file + ".bin")))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageContaining("refused-" + file + ".bin")
        .hasMessageContaining(reason);
  }

  @Test
  void recognisesWhatIsNoFileOfTorchSave() throws IOException {
    byte[] tar = new byte[600];
    System.arraycopy("ustar".getBytes(StandardCharsets.US_ASCII), 0, tar, 257, 5);
    assertThatThrownBy(() -> open(tar)).hasMessageContaining("found a tar archive");
    byte[] safetensors = Files.readAllBytes(TorchFiles.torch("views.safetensors"));
    assertThatThrownBy(() -> open(safetensors)).hasMessageContaining("found a safetensors file");
    assertThatThrownBy(() -> open(new byte[0])).hasMessageContaining("found a file of 0 bytes");
    assertThatThrownBy(() -> open(TorchFiles.ascii("version https://git-lfs.github.com/spec/v1\n")))
        .hasMessageContaining("Git LFS pointer");
    assertThatThrownBy(() -> open(TorchFiles.ascii("\u0080\u0002}.")))
        .hasMessageContaining("found a plain pickle");
    assertThatThrownBy(() -> open(TorchFiles.ascii("<html>"))).hasMessageContaining("at byte 0");
  }

  @ParameterizedTest
  @ValueSource(strings = {"bin-zip", "bin-legacy"})
  void refusesAFileCutShortAnywhere(String folder) throws IOException {
    byte[] whole = Files.readAllBytes(TorchFiles.formats(folder).resolve("pytorch_model.bin"));
    for (int length = 0; length < whole.length; length += length < 6000 ? 37 : 2011) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> open(cut))
          .as("%d of %d bytes", length, whole.length)
          .isInstanceOf(HfMergeException.class);
    }
  }

  @Test
  void refusesBigEndianData() throws IOException {
    byte[] zip = Files.readAllBytes(TorchFiles.torch("module.bin"));
    replace(zip, "little", "bigger");
    assertThatThrownBy(() -> open(zip))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageContaining("byte order \"bigger\"");
    byte[] legacy = Files.readAllBytes(TorchFiles.torch("views-legacy.bin"));
    replace(legacy, "little_endianq\u0002\u0088", "little_endianq\u0002\u0089");
    assertThatThrownBy(() -> open(legacy))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageContaining("big-endian machine");
  }

  @Test
  void refusesATensorInTwoShards() throws IOException {
    for (Path file : list(TorchFiles.torch("sharded"))) {
      Files.copy(file, temp.resolve(file.getFileName()));
    }
    Files.copy(
        TorchFiles.torch("views-zip.bin"),
        temp.resolve("pytorch_model-00002-of-00002.bin"),
        StandardCopyOption.REPLACE_EXISTING);
    assertThatThrownBy(
            () -> TorchCheckpoint.openIndex("m", temp.resolve("pytorch_model.bin.index.json")))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining("tensor \"transposed\"")
        .hasMessageContaining("expected in one shard");
  }

  private static List<Path> list(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }

  private TorchCheckpoint open(byte[] bytes) throws IOException {
    return TorchCheckpoint.openFile("m", Files.write(temp.resolve("m.bin"), bytes));
  }

  private static void replace(byte[] bytes, String old, String now) {
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    int at = text.indexOf(old);
    assertThat(at).isPositive();
    System.arraycopy(TorchFiles.ascii(now), 0, bytes, at, now.length());
  }
}
