package io.hfmerge.hf.safetensors;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsCheckpointTest {

  private static final Path SHARDED = Path.of("src/test/resources/golden/formats/sharded");

  @TempDir Path temp;

  @Test
  void readsShardsThroughTheirIndex() throws IOException {
    try (var checkpoint =
        SafetensorsCheckpoint.openIndex("m", SHARDED.resolve(SafetensorsWriter.INDEX_FILE))) {
      assertThat(checkpoint.files()).hasSize(4);
      assertThat(checkpoint.tensors().stream().mapToLong(TensorSpec::sizeBytes).sum())
          .isEqualTo(185_472);
      assertThat(checkpoint.metadata()).containsEntry("format", "pt");
    }
  }

  @Test
  void namesTheMissingShard() throws IOException {
    copyShards();
    Files.delete(temp.resolve("model-00002-of-00004.safetensors"));
    assertThatThrownBy(this::openCopy)
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining("model-00002-of-00004.safetensors");
  }

  @Test
  void namesTheTensorThatIsNotWhereTheIndexSays() throws IOException {
    copyShards();
    Path index = temp.resolve(SafetensorsWriter.INDEX_FILE);
    String text = Files.readString(index);
    Files.writeString(
        index,
        text.replace("\"lm_head.weight\": \"model-00001", "\"lm_head.weight\": \"model-00002"));
    assertThatThrownBy(this::openCopy)
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining("\"lm_head.weight\"")
        .hasMessageContaining("model-00002-of-00004.safetensors")
        .hasMessageContaining("model-00001-of-00004.safetensors");
    Files.writeString(index, text.replace("\"lm_head.weight\"", "\"absent.weight\""));
    assertThatThrownBy(this::openCopy).hasMessageContaining("\"absent.weight\"");
  }

  @Test
  void refusesIndexEntriesThatLeaveTheFolder() throws IOException {
    for (String name : List.of("../x.safetensors", "/etc/passwd", "a\\\\b", "..", "")) {
      Path index = temp.resolve("evil.json");
      Files.writeString(index, "{\"weight_map\": {\"t\": \"" + name + "\"}}");
      assertThatThrownBy(() -> SafetensorsCheckpoint.openIndex("m", index))
          .isInstanceOf(MalformedCheckpointException.class)
          .hasMessageContaining("beside the index");
    }
  }

  @Test
  void refusesBrokenIndexes() throws IOException {
    for (String text :
        List.of("", "[]", "{", "{}", "{\"weight_map\": 1}", "{\"weight_map\": {\"a\": 1}}")) {
      Path index = Files.writeString(temp.resolve("index.json"), text);
      assertThatThrownBy(() -> SafetensorsCheckpoint.openIndex("m", index))
          .isInstanceOf(MalformedCheckpointException.class)
          .hasMessageContaining(index.toString());
    }
  }

  @Test
  void readsTensorsBeyondTwoGibibytes() throws IOException {
    Path file = temp.resolve("large.safetensors");
    long size = (3L << 30) + 1;
    byte[] json =
        ("{\"big\":{\"dtype\":\"U8\",\"shape\":[" + size + "],\"data_offsets\":[0," + size + "]}}")
            .getBytes(StandardCharsets.UTF_8);
    ByteBuffer start = ByteBuffer.allocate(8 + json.length).order(ByteOrder.LITTLE_ENDIAN);
    start.putLong(json.length).put(json).flip();
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      channel.write(start, 0);
      // a hole: the file takes no disk
      channel.write(ByteBuffer.wrap(new byte[] {42}), 8 + json.length + size - 1);
    }
    try (var checkpoint = SafetensorsCheckpoint.openFile("big", file)) {
      MemorySegment data = checkpoint.mapped("big").orElseThrow();
      assertThat(data.byteSize()).isEqualTo(size);
      assertThat(data.get(JAVA_BYTE, size - 1)).isEqualTo((byte) 42);
      byte[] tail = new byte[2];
      checkpoint.read("big", size - 2, MemorySegment.ofArray(tail));
      assertThat(tail).containsExactly(0, 42);
    }
  }

  @Test
  void writesWhatItReads() throws IOException {
    Random random = new Random(7);
    List<TensorSpec> specs = new ArrayList<>();
    for (DType dtype : DType.values()) {
      long first = dtype.bits() < 8 ? 4 : 1 + random.nextInt(9);
      specs.add(new TensorSpec("t." + dtype, dtype, Shape.of(first, 1 + random.nextInt(9))));
    }
    specs.add(new TensorSpec("scalar", DType.F32, Shape.of()));
    specs.add(new TensorSpec("empty", DType.F16, Shape.of(0, 5)));
    specs.add(new TensorSpec("quoted \"name\" \u00e9\ud83d\ude42", DType.I64, Shape.of(3)));
    for (long shardBytes : new long[] {1, 100, 300, Long.MAX_VALUE}) {
      Path folder = Files.createDirectory(temp.resolve("out" + shardBytes));
      List<byte[]> written = new ArrayList<>();
      try (SafetensorsWriter writer = SafetensorsWriter.create(folder, specs, shardBytes);
          Arena arena = Arena.ofConfined()) {
        for (TensorSpec spec : specs) {
          byte[] bytes = new byte[Math.toIntExact(spec.sizeBytes())];
          random.nextBytes(bytes);
          written.add(bytes);
          int middle = bytes.length / 2;
          MemorySegment data = arena.allocateFrom(JAVA_BYTE, bytes);
          writer.write(spec.name(), middle, data.asSlice(middle));
          writer.write(spec.name(), 0, data.asSlice(0, middle));
        }
        writer.finish();
      }
      Path index = folder.resolve(SafetensorsWriter.INDEX_FILE);
      try (var checkpoint =
          Files.exists(index)
              ? SafetensorsCheckpoint.openIndex("w", index)
              : SafetensorsCheckpoint.openFile("w", folder.resolve("model.safetensors"))) {
        assertThat(checkpoint.tensors()).containsExactlyInAnyOrderElementsOf(specs);
        assertThat(checkpoint.metadata()).containsEntry("format", "pt");
        for (int i = 0; i < specs.size(); i++) {
          TensorSpec spec = specs.get(i);
          MemorySegment data = checkpoint.mapped(spec.name()).orElseThrow();
          assertThat(data.toArray(JAVA_BYTE)).isEqualTo(written.get(i));
          if (spec.elements() > 0 && spec.dtype().bits() >= 8) {
            assertThat(data.address() % spec.dtype().bytes()).as(spec.name()).isZero();
          }
        }
      }
    }
  }

  @Test
  void refusesToFinishWithBytesMissing() throws IOException {
    List<TensorSpec> specs = List.of(new TensorSpec("a", DType.F32, Shape.of(4)));
    try (SafetensorsWriter writer = SafetensorsWriter.create(temp, specs, 1000)) {
      writer.write("a", 0, MemorySegment.ofArray(new byte[12]));
      assertThatThrownBy(writer::finish)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("expected 16 bytes written, found 12");
      assertThatThrownBy(() -> writer.write("a", 8, MemorySegment.ofArray(new byte[9])))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  private void copyShards() throws IOException {
    try (var files = Files.list(SHARDED)) {
      for (Path file : files.toList()) {
        Files.copy(file, temp.resolve(file.getFileName()));
      }
    }
  }

  private void openCopy() throws IOException {
    SafetensorsCheckpoint.openIndex("m", temp.resolve(SafetensorsWriter.INDEX_FILE)).close();
  }
}
