package io.hfmerge.hf.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.hf.files.WrittenFile;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsWriterTest {

  private static final long SEED = 20261122;

  @TempDir Path temp;

  private static final List<TensorSpec> SPECS =
      List.of(
          new TensorSpec("large", DType.F32, Shape.of(300, 1000)),
          new TensorSpec("half", DType.BF16, Shape.of(7, 11)),
          new TensorSpec("scalar", DType.F64, Shape.of()),
          new TensorSpec("empty", DType.F16, Shape.of(0, 5)),
          new TensorSpec("bytes", DType.U8, Shape.of(65)));

  private static Map<String, byte[]> data() {
    Random random = new Random(SEED);
    Map<String, byte[]> data = new LinkedHashMap<>();
    for (TensorSpec spec : SPECS) {
      byte[] bytes = new byte[Math.toIntExact(spec.sizeBytes())];
      random.nextBytes(bytes);
      data.put(spec.name(), bytes);
    }
    return data;
  }

  private static int reference(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }

  private static Map<String, Integer> references() {
    Map<String, Integer> references = new LinkedHashMap<>();
    data().forEach((name, bytes) -> references.put(name, reference(bytes)));
    return references;
  }

  private static void writeAll(SafetensorsWriter writer) throws IOException {
    for (Map.Entry<String, byte[]> tensor : data().entrySet()) {
      writer.write(tensor.getKey(), 0, MemorySegment.ofArray(tensor.getValue()));
    }
    writer.finish();
  }

  @ParameterizedTest
  @ValueSource(longs = {1000, Long.MAX_VALUE})
  void takesChecksumsOfPiecesThatComeInAnyOrderFromSeveralThreads(long shardBytes)
      throws Exception {
    record Piece(String tensor, int offset, int length) {}
    Map<String, byte[]> data = data();
    List<Piece> pieces = new ArrayList<>();
    data.forEach((name, bytes) -> {
      for (int at = 0; at < bytes.length; at += 997) {
        pieces.add(new Piece(name, at, Math.min(997, bytes.length - at)));
      }
    });
    Collections.shuffle(pieces, new Random(SEED));
    try (SafetensorsWriter writer = SafetensorsWriter.create(temp, SPECS, shardBytes)) {
      try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
        List<Future<?>> writes = new ArrayList<>();
        for (Piece piece : pieces) {
          MemorySegment bytes =
              MemorySegment.ofArray(data.get(piece.tensor()))
                  .asSlice(piece.offset(), piece.length());
          writes.add(
              threads.submit(() -> {
                writer.write(piece.tensor(), piece.offset(), bytes);
                return null;
              }));
        }
        for (Future<?> write : writes) {
          write.get();
        }
      }
      writer.finish();
      data.forEach(
          (name, bytes) -> assertThat(writer.checksum(name)).as(name).isEqualTo(reference(bytes)));
      for (WrittenFile file : writer.files()) {
        byte[] bytes = Files.readAllBytes(temp.resolve(file.name()));
        assertThat(file.sizeBytes()).isEqualTo(bytes.length);
        assertThat(file.checksum()).as(file.name()).isEqualTo(reference(bytes));
      }
      assertThat(writer.files()).hasSize(shardBytes == 1000 ? 2 : 1);
    }
  }

  /** Nothing is written but the header: the file has holes where the tensor would be. */
  @ParameterizedTest
  @CsvSource({"67108863, 8", "67108864, 4096"})
  void beginsDataAtAPageInLargeFiles(long bytes, int unit) throws IOException {
    List<TensorSpec> specs = List.of(new TensorSpec("large", DType.U8, Shape.of(bytes)));
    SafetensorsWriter.create(temp, specs, Long.MAX_VALUE).close();
    Path file = temp.resolve("model.safetensors");
    long begin = Files.size(file) - bytes;
    assertThat(begin % unit).isZero();
    assertThat(begin).isLessThan(unit == 8 ? 200 : 4097);
    try (SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.openFile("large", file)) {
      assertThat(checkpoint.tensors()).isEqualTo(specs);
    }
  }

  @Test
  void hasNoChecksumOfATensorThatIsNotComplete() throws IOException {
    try (SafetensorsWriter writer = SafetensorsWriter.create(temp, SPECS, Long.MAX_VALUE)) {
      writer.write("bytes", 0, MemorySegment.ofArray(new byte[64]));
      assertThatThrownBy(() -> writer.checksum("bytes"))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("expected 65 bytes written, found 64");
      assertThat(writer.checksum("empty")).isZero();
    }
  }

  @Test
  void takesOverWhatIsThereAndHasItsChecksum() throws IOException {
    Path file = temp.resolve("model.safetensors");
    try (SafetensorsWriter writer = SafetensorsWriter.create(temp, SPECS, Long.MAX_VALUE)) {
      writeAll(writer);
    }
    byte[] expected = Files.readAllBytes(file);
    flip(file, indexOf(expected, data().get("half")) + 3);
    try (SafetensorsWriter writer = SafetensorsWriter.reopen(temp, SPECS, Long.MAX_VALUE)) {
      assertThat(writer.restore(references(), 2, ProgressListener.NONE))
          .containsExactlyInAnyOrder("large", "scalar", "empty", "bytes");
      assertThatThrownBy(writer::finish).hasMessageContaining("\"half\"");
      writer.write("half", 0, MemorySegment.ofArray(data().get("half")));
      writer.finish();
      assertThat(writer.files().getFirst().checksum()).isEqualTo(reference(expected));
    }
    assertThat(file).hasBinaryContent(expected);
  }

  @Test
  void takesNothingOverFromFilesThatAreCutShortMissingOrTooLong() throws IOException {
    Path file = temp.resolve("model.safetensors");
    try (SafetensorsWriter writer = SafetensorsWriter.create(temp, SPECS, Long.MAX_VALUE)) {
      writeAll(writer);
    }
    byte[] expected = Files.readAllBytes(file);
    Files.write(file, new byte[1000]);
    try (SafetensorsWriter writer = SafetensorsWriter.reopen(temp, SPECS, Long.MAX_VALUE)) {
      assertThat(writer.restore(references(), 2, ProgressListener.NONE)).doesNotContain("large");
    }
    Files.delete(file);
    try (SafetensorsWriter writer = SafetensorsWriter.reopen(temp, SPECS, Long.MAX_VALUE)) {
      assertThat(writer.restore(references(), 2, ProgressListener.NONE)).containsOnly("empty");
      writer.write("scalar", 0, MemorySegment.ofArray(data().get("scalar")));
    }
    Files.write(file, new byte[expected.length + 1]);
    try (SafetensorsWriter writer = SafetensorsWriter.reopen(temp, SPECS, Long.MAX_VALUE)) {
      writeAll(writer);
    }
    assertThat(file).hasBinaryContent(expected);
  }

  private static void flip(Path file, long position) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      channel.read(one, position);
      channel.write(ByteBuffer.wrap(new byte[] {(byte) ~one.get(0)}), position);
    }
  }

  private static int indexOf(byte[] all, byte[] part) {
    for (int at = 0; at <= all.length - part.length; at++) {
      if (java.util.Arrays.equals(all, at, at + part.length, part, 0, part.length)) {
        return at;
      }
    }
    throw new IllegalArgumentException("not there");
  }
}
