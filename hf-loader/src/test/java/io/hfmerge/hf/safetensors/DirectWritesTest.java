package io.hfmerge.hf.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.hf.checksum.Crc32c;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectWritesTest {

  private static final long SEED = 20261122;

  private static final int FILE_BYTES = 80 << 20;

  @TempDir Path temp;

  private static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new Random(SEED).nextBytes(bytes);
    return bytes;
  }

  @Test
  void putsEveryByteInItsPlaceWhereverPiecesBeginAndEnd() throws Exception {
    Path file = Files.write(temp.resolve("file"), new byte[1]);
    byte[] expected = random(8_000_003);
    List<int[]> pieces = new ArrayList<>();
    Random random = new Random(SEED);
    for (int at = 0; at < expected.length; ) {
      int length = Math.min(expected.length - at, 1 + random.nextInt(700_000));
      pieces.add(new int[] {at, length});
      at += length;
    }
    Collections.shuffle(pieces, random);
    try (FileChannel cached = FileChannel.open(file, StandardOpenOption.WRITE);
        FileChannel direct =
            DirectWrites.open(file, FILE_BYTES)
                .orElseGet(() -> reopened(file)); // the same steps where the system has no other
        DirectWrites writes = new DirectWrites();
        ExecutorService pool = Executors.newFixedThreadPool(3)) {
      List<Future<?>> done = new ArrayList<>();
      for (int[] piece : pieces) {
        done.add(
            pool.submit(() -> {
              MemorySegment bytes = MemorySegment.ofArray(expected).asSlice(piece[0], piece[1]);
              writes.write(file, direct, cached, bytes, piece[0]);
              return null;
            }));
      }
      for (Future<?> one : done) {
        one.get();
      }
      writes.drain();
    }
    assertThat(Files.readAllBytes(file)).isEqualTo(expected);
  }

  private static FileChannel reopened(Path file) {
    try {
      return FileChannel.open(file, StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void tellsALaterWriterWhatHasFailedAndWhere() throws IOException {
    Path file = Files.write(temp.resolve("file"), new byte[1]);
    try (FileChannel cached = FileChannel.open(file, StandardOpenOption.WRITE);
        FileChannel full = FileChannel.open(file, StandardOpenOption.READ);
        DirectWrites writes = new DirectWrites()) {
      MemorySegment bytes = MemorySegment.ofArray(random(200_000));
      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 100; i++) {
                  // a channel that takes nothing, as that of a full disk
                  writes.write(file, new FullDisk(full), cached, bytes, 0);
                }
                writes.drain();
              })
          .isInstanceOf(IOException.class)
          .hasMessageContaining(file + ": at byte 0");
    }
  }

  @Test
  void filesOfTheUsualSizeAreWrittenInTheOrdinaryWay() throws IOException {
    Path file = Files.write(temp.resolve("file"), new byte[1]);
    assertThat(DirectWrites.open(file, 1 << 20)).isEmpty();
  }

  @Test
  void aLargeCheckpointHasTheBytesAndChecksumsOfItsTensors() throws IOException {
    List<TensorSpec> specs =
        List.of(
            new TensorSpec("a", DType.U8, Shape.of(30_000_001)),
            new TensorSpec("b", DType.BF16, Shape.of(3, 5)),
            new TensorSpec("c", DType.F32, Shape.of(FILE_BYTES / 8)));
    byte[] data = random(40_000_000 + FILE_BYTES / 2);
    int block = 256 << 10;
    try (SafetensorsWriter writer = SafetensorsWriter.create(temp, specs, Long.MAX_VALUE)) {
      for (TensorSpec spec : specs) {
        for (long at = 0; at < spec.sizeBytes(); at += block) {
          long length = Math.min(block, spec.sizeBytes() - at);
          writer.write(spec.name(), at, MemorySegment.ofArray(data).asSlice(at, length));
        }
      }
      writer.finish();
      for (TensorSpec spec : specs) {
        assertThat(writer.checksum(spec.name()))
            .isEqualTo(Crc32c.of(ByteBuffer.wrap(data, 0, (int) spec.sizeBytes())));
      }
    }
    Path file = temp.resolve("model.safetensors");
    try (SafetensorsCheckpoint read = SafetensorsCheckpoint.openFile("file", file)) {
      for (TensorSpec spec : specs) {
        MemorySegment expected = MemorySegment.ofArray(data).asSlice(0, spec.sizeBytes());
        assertThat(read.mapped(spec.name()).orElseThrow().mismatch(expected)).isEqualTo(-1);
      }
    }
  }
}
