package io.hfmerge.hf.checksum;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.progress.ProgressListener;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Crc32cTest {

  private static final long SEED = 20261122;

  @TempDir Path temp;

  private static int reference(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }

  private static byte[] random(int length, long seed) {
    byte[] bytes = new byte[length];
    new Random(SEED + seed).nextBytes(bytes);
    return bytes;
  }

  @Test
  void hasTheCheckValueOfTheStandard() {
    // RFC 3720, B.4, and the catalogue of parametrised CRC algorithms: "123456789"
    int crc = Crc32c.of(ByteBuffer.wrap("123456789".getBytes(StandardCharsets.US_ASCII)));
    assertThat(Crc32c.text(crc)).isEqualTo("e3069283");
    assertThat(Crc32c.parse("e3069283")).isEqualTo(crc);
    assertThatThrownBy(() -> Crc32c.parse("e306928"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("eight hexadecimal digits");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 7, 64, 65, 1000, 65_537})
  void piecesInAnyOrderGiveTheChecksumOfTheWhole(int length) {
    byte[] whole = random(length, length);
    Random random = new Random(SEED);
    for (int round = 0; round < 20; round++) {
      List<int[]> pieces = new ArrayList<>();
      for (int at = 0; at < length; ) {
        int size = 1 + random.nextInt(Math.min(length - at, 1 + length / 3));
        pieces.add(new int[] {at, size});
        at += size;
      }
      Collections.shuffle(pieces, random);
      int combined = 0;
      for (int[] piece : pieces) {
        int crc = Crc32c.of(ByteBuffer.wrap(whole, piece[0], piece[1]));
        combined ^= Crc32c.shift(crc, length - piece[0] - piece[1]);
      }
      assertThat(combined).isEqualTo(reference(whole));
    }
  }

  @Test
  void shiftsByLengthsBeyondAnyArray() {
    // the same shift in one step, in two unequal ones and in many
    int crc = reference(random(100, 1));
    long far = 5_000_000_000_123L;
    assertThat(Crc32c.shift(Crc32c.shift(crc, 3_000_000_000_001L), far - 3_000_000_000_001L))
        .isEqualTo(Crc32c.shift(crc, far));
    int stepwise = crc;
    for (int i = 0; i < 1000; i++) {
      stepwise = Crc32c.shift(stepwise, 5_000_000_000L);
    }
    assertThat(stepwise).isEqualTo(Crc32c.shift(crc, 5_000_000_000_000L));
    assertThat(Crc32c.shift(crc, 0)).isEqualTo(crc);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5})
  void rangesOfAFileHaveTheirOwnChecksums(int threads) throws IOException {
    byte[] bytes = random(20 << 20, 2);
    Path file = Files.write(temp.resolve("file"), bytes);
    Random random = new Random(SEED);
    AtomicLong heard = new AtomicLong();
    try (FileChannel channel = FileChannel.open(file)) {
      List<FileRange> ranges = new ArrayList<>();
      ranges.add(new FileRange(file, channel, 0, bytes.length));
      ranges.add(new FileRange(file, channel, bytes.length, 0));
      for (int i = 0; i < 1000; i++) {
        int begin = random.nextInt(bytes.length);
        int length = random.nextInt(Math.min(1 << random.nextInt(22), bytes.length - begin));
        ranges.add(new FileRange(file, channel, begin, length));
      }
      int[] found = RangeChecksums.of(ranges, threads, new Bytes(heard));
      for (int i = 0; i < found.length; i++) {
        FileRange range = ranges.get(i);
        CRC32C expected = new CRC32C();
        expected.update(bytes, (int) range.offset(), (int) range.length());
        assertThat(found[i]).as(range.toString()).isEqualTo((int) expected.getValue());
      }
      assertThat(heard).hasValue(ranges.stream().mapToLong(FileRange::length).sum());
    }
  }

  @Test
  void aRangeBeyondTheEndIsAnErrorThatNamesTheFile() throws IOException {
    Path file = Files.write(temp.resolve("file"), new byte[10]);
    try (FileChannel channel = FileChannel.open(file)) {
      assertThatThrownBy(() ->
              RangeChecksums.of(
                  List.of(new FileRange(file, channel, 5, 6)), 2, ProgressListener.NONE))
          .isInstanceOf(IOException.class)
          .hasMessage(file + ": ends at byte 10 while it is being read");
    }
  }

  private record Bytes(AtomicLong total) implements ProgressListener {

    @Override
    public void started(String task, long totalBytes) {}

    @Override
    public void advanced(long bytes) {
      total.addAndGet(bytes);
    }

    @Override
    public void finished() {}
  }
}
