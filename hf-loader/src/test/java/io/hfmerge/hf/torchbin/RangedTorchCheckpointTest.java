package io.hfmerge.hf.torchbin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.HfMergeException;
import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.files.ByteSource;
import io.hfmerge.hf.testing.StoredTensor;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of PyTorch's that are read by ranges, against the reader of mapped files. */
class RangedTorchCheckpointTest {

  @TempDir Path temp;

  private static Checkpoint open(byte[] file) throws IOException {
    return open(TorchFiles.source(file));
  }

  private static RangedTorchCheckpoint open(ByteSource... files) throws IOException {
    return RangedTorchCheckpoint.open("m", List.of(files), Optional.empty(), () -> {}, 0);
  }

  private static void assertSame(
      Map<String, StoredTensor> actual, Map<String, StoredTensor> expected) {
    assertThat(actual.keySet()).containsExactlyElementsOf(expected.keySet());
    expected.forEach((name, tensor) -> {
      assertThat(actual.get(name).spec()).isEqualTo(tensor.spec());
      assertThat(actual.get(name).bytes()).as(name).isEqualTo(tensor.bytes());
    });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "torch/views-zip.bin",
        "torch/dtypes-zip.bin",
        "torch/module.bin",
        "torch/parameters.bin",
        "torch/attributes.bin",
        "torch/wrapped.bin",
        "formats/bin-zip/pytorch_model.bin"
      })
  void readsWhatIsReadOfMappedFiles(String name) throws IOException {
    Path file = TorchFiles.torch("..").resolve(name).normalize();
    Random random = new Random(3);
    try (TorchCheckpoint mapped = TorchCheckpoint.openFile(name, file);
        RangedTorchCheckpoint ranged = open(TorchFiles.source(Files.readAllBytes(file)))) {
      Map<String, StoredTensor> expected = TorchFiles.read(mapped);
      assertSame(TorchFiles.read(ranged), expected);
      assertThat(ranged.notes().stream().map(note -> note.substring(note.indexOf(": "))).toList())
          .isEqualTo(
              mapped.notes().stream().map(note -> note.substring(note.indexOf(": "))).toList());
      for (StoredTensor tensor : expected.values()) {
        int size = tensor.bytes().length;
        if (size > 1) {
          int from = random.nextInt(size - 1);
          byte[] part = new byte[1 + random.nextInt(size - from - 1)];
          ranged.read(tensor.name(), from, MemorySegment.ofArray(part));
          assertThat(part)
              .as(tensor.name())
              .isEqualTo(Arrays.copyOfRange(tensor.bytes(), from, from + part.length));
        }
      }
    }
  }

  @Test
  void refusesTheOlderFormatAndSaysWhatToDo() throws IOException {
    byte[] legacy = Files.readAllBytes(TorchFiles.torch("views-legacy.bin"));
    assertThatThrownBy(() -> open(legacy))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageContaining("expected PyTorch's zip format to read over the network")
        .hasMessageContaining("leave --stream out");
  }

  @Test
  void refusesWhatTheReaderOfMappedFilesRefuses() throws IOException {
    try (var files = Files.list(TorchFiles.formats("hostile-pickles"))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".bin")).toList()) {
        byte[] bytes = Files.readAllBytes(file);
        assertThatThrownBy(() -> open(bytes))
            .as(file.toString())
            .isInstanceOf(HfMergeException.class);
      }
    }
  }

  @Test
  void refusesALargeTensorInAnotherOrder() throws IOException {
    byte[] columns = TorchFiles.view(0, new long[] {3000, 3000}, new long[] {1, 3000});
    byte[] large =
        TorchFiles.zip(
            Map.of(
                "m/data.pkl",
                TorchFiles.tensorPickle("FloatStorage", 9_000_000, columns),
                "m/data/0",
                new byte[36_000_000]),
            java.util.zip.ZipEntry.STORED);
    assertThatThrownBy(() -> open(large))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageContaining("tensor \"w\": expected elements in row-major order");
  }

  /** The file is never read as a whole: what is not asked for stays where it is. */
  @Test
  void readsDirectoryAndPickleWhenItIsOpenedAndATensorWhenItIsAskedFor() throws IOException {
    byte[] file = written();
    long[] read = new long[1];
    ByteSource counted = counted(file, read);
    try (RangedTorchCheckpoint ranged = open(counted)) {
      assertThat(read[0]).isLessThan(80_000);
      read[0] = 0;
      byte[] some = new byte[1000];
      ranged.read("t2", 5000, MemorySegment.ofArray(some));
      assertThat(read[0]).isLessThan(1200);
      read[0] = 0;
      ranged.read("t2", 0, MemorySegment.ofArray(some));
      assertThat(read[0]).isEqualTo(1000);
    }
  }

  private byte[] written() throws IOException {
    List<TensorSpec> specs = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      specs.add(new TensorSpec("t" + i, DType.F32, Shape.of(100, 500)));
    }
    Random random = new Random(2);
    try (TorchWriter writer = TorchWriter.create(temp, specs, Long.MAX_VALUE)) {
      for (TensorSpec spec : specs) {
        byte[] bytes = new byte[200_000];
        random.nextBytes(bytes);
        writer.write(spec.name(), 0, MemorySegment.ofArray(bytes));
      }
      writer.finish();
    }
    return Files.readAllBytes(temp.resolve(TorchWriter.SINGLE_FILE));
  }

  private static ByteSource counted(byte[] file, long[] read) {
    ByteSource source = TorchFiles.source(file);
    return new ByteSource() {
      @Override
      public String name() {
        return source.name();
      }

      @Override
      public long size() {
        return source.size();
      }

      @Override
      public void read(long position, ByteBuffer target) throws IOException {
        read[0] += target.remaining();
        source.read(position, target);
      }
    };
  }

  @Test
  void checksWhatIsInFrontOfATensorWhenItIsRead() throws IOException {
    byte[] file = written();
    ZipDirectory.Entry entry =
        ZipDirectory.read(TorchFiles.source(file)).find("pytorch_model/data/2").orElseThrow();
    int name = (int) entry.position() - 1;
    while (file[name] != '2' || file[name - 1] != '/') {
      name--;
    }
    file[name] = '3';
    try (Checkpoint ranged = open(file)) {
      byte[] bytes = new byte[200_000];
      ranged.read("t1", 0, MemorySegment.ofArray(bytes));
      assertThatThrownBy(() -> ranged.read("t2", 0, MemorySegment.ofArray(bytes)))
          .isInstanceOf(MalformedCheckpointException.class)
          .hasMessageContaining(
              "expected entry \"pytorch_model/data/2\", found \"pytorch_model/data/3\"");
    }
  }

  @Test
  void refusesDataThatReachesIntoTheNextEntryWhenItIsRead() throws IOException {
    byte[] file = written();
    // a filler that is longer than it was shifts the data of an entry
    ZipDirectory.Entry entry =
        ZipDirectory.read(TorchFiles.source(file)).find("pytorch_model/data/2").orElseThrow();
    int header = (int) entry.position();
    while (!(file[header] == 'P' && file[header + 1] == 'K' && file[header + 2] == 3)) {
      header--;
    }
    file[header + 29] += 1; // 256 bytes
    assertThatThrownBy(() -> ZipDirectory.read(TorchFiles.source(file)))
        .isInstanceOf(MalformedCheckpointException.class);
    try (Checkpoint ranged = open(file)) {
      byte[] bytes = new byte[10];
      assertThatThrownBy(() -> ranged.read("t2", 0, MemorySegment.ofArray(bytes)))
          .isInstanceOf(MalformedCheckpointException.class)
          .hasMessageContaining("of 200000 bytes before the next entry at byte");
    }
  }

  /** Whatever is changed in headers, directory and pickle: a refusal or the tensors. */
  @Test
  void givesTheTensorsOrARefusalHoweverAFileIsDamaged() throws IOException {
    byte[] file = Files.readAllBytes(TorchFiles.torch("views-zip.bin"));
    Map<String, StoredTensor> expected;
    try (Checkpoint sound = open(file)) {
      expected = TorchFiles.read(sound);
    }
    Random random = new Random(41);
    int refused = 0;
    for (int i = 0; i < 2000; i++) {
      byte[] damaged = file.clone();
      int changes = 1 + random.nextInt(3);
      for (int j = 0; j < changes; j++) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
      }
      try (Checkpoint ranged = open(damaged)) {
        Map<String, StoredTensor> found = TorchFiles.read(ranged);
        assertThat(found.size()).isLessThanOrEqualTo(expected.size());
      } catch (HfMergeException e) {
        refused++;
      }
    }
    assertThat(refused).isBetween(100, 1999);
  }

  @Test
  void refusesATensorInTwoShards() throws IOException {
    byte[] file = written();
    assertThatThrownBy(() -> open(TorchFiles.source(file), TorchFiles.source(file)))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining("tensor \"t0\": expected in one shard");
  }
}
