package io.hfmerge.hf.torchbin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.files.ByteSource;
import io.hfmerge.hf.testing.ModelFolders;
import io.hfmerge.hf.testing.StoredTensor;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TorchWriterTest {

  @TempDir Path temp;

  @ParameterizedTest
  @ValueSource(strings = {"views", "dtypes", "module"})
  void writesWhatTheReaderReads(String name) throws IOException {
    Map<String, StoredTensor> tensors = ModelFolders.read(TorchFiles.torch(name + ".safetensors"));
    write(tensors, Long.MAX_VALUE);
    try (TorchCheckpoint checkpoint =
        TorchCheckpoint.openFile("m", temp.resolve(TorchWriter.SINGLE_FILE))) {
      assertEqual(TorchFiles.read(checkpoint), tensors);
    }
    assertThat(ModelFolders.list(temp)).containsExactly(TorchWriter.SINGLE_FILE);
  }

  @Test
  void writesShardsWithAnIndex() throws IOException {
    Map<String, StoredTensor> tensors = ModelFolders.read(TorchFiles.torch("views.safetensors"));
    write(tensors, 20_000);
    assertThat(ModelFolders.list(temp))
        .contains("pytorch_model-00001-of-00004.bin", TorchWriter.INDEX_FILE)
        .hasSize(5);
    try (TorchCheckpoint checkpoint =
        TorchCheckpoint.openIndex("m", temp.resolve(TorchWriter.INDEX_FILE))) {
      assertEqual(TorchFiles.read(checkpoint), tensors);
    }
    assertThat(Files.readString(temp.resolve(TorchWriter.INDEX_FILE)))
        .startsWith("{\n  \"metadata\": {\n    \"total_parameters\": ");
  }

  @Test
  void otherZipReadersFindTheSameBytesAndChecksums() throws IOException {
    write(ModelFolders.read(TorchFiles.torch("views.safetensors")), Long.MAX_VALUE);
    Path file = temp.resolve(TorchWriter.SINGLE_FILE);
    byte[] bytes = Files.readAllBytes(file);
    try (ZipFile zip = new ZipFile(file.toFile())) {
      for (ZipEntry entry : Collections.list(zip.entries())) {
        assertThat(entry.getMethod()).isEqualTo(ZipEntry.STORED);
        CRC32 crc = new CRC32();
        try (InputStream in = zip.getInputStream(entry)) {
          crc.update(in.readAllBytes());
        }
        assertThat(entry.getCrc()).as(entry.getName()).isEqualTo(crc.getValue());
      }
      assertThat(zip.getEntry("pytorch_model/data.pkl")).isNotNull();
    }
    ZipDirectory directory = ZipDirectory.read(TorchFiles.source(bytes));
    for (ZipDirectory.Entry entry : directory.entries().values()) {
      assertThat(entry.position() % 64).isZero();
    }
  }

  @Test
  void theSameTensorsGiveTheSameBytes() throws IOException {
    Map<String, StoredTensor> tensors = ModelFolders.read(TorchFiles.torch("module.safetensors"));
    write(tensors, Long.MAX_VALUE);
    byte[] first = Files.readAllBytes(temp.resolve(TorchWriter.SINGLE_FILE));
    Files.delete(temp.resolve(TorchWriter.SINGLE_FILE));
    write(tensors, Long.MAX_VALUE);
    assertThat(temp.resolve(TorchWriter.SINGLE_FILE)).hasBinaryContent(first);
  }

  @Test
  void placesBeyond32BitsAreWrittenAndRead() throws IOException {
    ZipLayout layout = new ZipLayout();
    List<Long> sizes = List.of(5_000_000_000L, 0xfffffffeL, 0xffffffffL, 3L, 0L);
    for (int i = 0; i < sizes.size(); i++) {
      assertThat(layout.add("m/data/" + i, sizes.get(i)) % 64).isZero();
    }
    TreeMap<Long, byte[]> written = new TreeMap<>();
    layout.entries().forEach(entry -> written.put(entry.header(), bytes(layout.header(entry, 7))));
    written.put(layout.end(), bytes(layout.directory(Collections.nCopies(sizes.size(), 7))));
    ZipDirectory directory = ZipDirectory.read(new SparseSource(written));
    for (int i = 0; i < sizes.size(); i++) {
      ZipDirectory.Entry found = directory.find("m/data/" + i).orElseThrow();
      assertThat(found.size()).isEqualTo(sizes.get(i));
      assertThat(found.position()).isEqualTo(layout.entries().get(i).position());
    }
  }

  @Test
  void aHundredThousandEntriesAreWrittenAndRead() throws IOException {
    ZipLayout layout = new ZipLayout();
    int count = 100_000;
    for (int i = 0; i < count; i++) {
      layout.add("m/data/" + i, 4);
    }
    TreeMap<Long, byte[]> written = new TreeMap<>();
    layout.entries().forEach(entry -> written.put(entry.header(), bytes(layout.header(entry, 0))));
    written.put(layout.end(), bytes(layout.directory(Collections.nCopies(count, 0))));
    assertThat(ZipDirectory.read(new SparseSource(written)).entries()).hasSize(count);
  }

  @Test
  void refusesDtypesThatPyTorchHasNot() {
    TensorSpec packed = new TensorSpec("w", DType.F4, Shape.of(2));
    assertThatThrownBy(() -> TorchWriter.create(temp, List.of(packed), 100))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageContaining("tensor \"w\"")
        .hasMessageContaining("F4[2]");
  }

  @Test
  void refusesToFinishWithBytesMissing() throws IOException {
    TensorSpec spec = new TensorSpec("w", DType.F32, Shape.of(2));
    try (TorchWriter writer = TorchWriter.create(temp, List.of(spec), 100)) {
      writer.write("w", 4, MemorySegment.ofArray(new byte[4]));
      assertThatThrownBy(writer::finish).hasMessageContaining("expected 8 bytes written, found 4");
      assertThatThrownBy(() -> writer.write("v", 0, MemorySegment.ofArray(new byte[4])))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> writer.write("w", 5, MemorySegment.ofArray(new byte[4])))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> TorchWriter.create(temp, List.of(spec), 100))
        .isInstanceOf(FileAlreadyExistsException.class);
  }

  private void write(Map<String, StoredTensor> tensors, long maxShardBytes) throws IOException {
    List<TensorSpec> specs = tensors.values().stream().map(StoredTensor::spec).toList();
    try (TorchWriter writer = TorchWriter.create(temp, specs, maxShardBytes)) {
      for (StoredTensor tensor : tensors.values()) {
        writer.write(tensor.name(), 0, MemorySegment.ofArray(tensor.bytes()));
      }
      writer.finish();
    }
  }

  private static void assertEqual(
      Map<String, StoredTensor> actual, Map<String, StoredTensor> expected) {
    assertThat(actual).containsOnlyKeys(expected.keySet());
    expected.forEach((name, tensor) -> {
      assertThat(actual.get(name).spec()).isEqualTo(tensor.spec());
      assertThat(actual.get(name).bytes()).as(name).isEqualTo(tensor.bytes());
    });
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return bytes;
  }

  /** A file of which only some parts are written; the rest is zeros. */
  private record SparseSource(TreeMap<Long, byte[]> parts) implements ByteSource {

    @Override
    public String name() {
      return "sparse";
    }

    @Override
    public long size() {
      return parts.lastKey() + parts.lastEntry().getValue().length;
    }

    @Override
    public void read(long position, ByteBuffer target) {
      while (target.hasRemaining()) {
        Map.Entry<Long, byte[]> part = parts.floorEntry(position);
        long into = part == null ? 0 : position - part.getKey();
        boolean inside = part != null && into < part.getValue().length;
        target.put(inside ? part.getValue()[(int) into] : 0);
        position++;
      }
    }
  }
}
