package io.hfmerge.hf.output;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.engine.MergeReport.NonFinite;
import io.hfmerge.engine.TensorFindings;
import io.hfmerge.hf.output.JournalFile.Contents;
import io.hfmerge.hf.output.JournalFile.Entry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalFileTest {

  private static final RunIdentity IDENTITY =
      new RunIdentity(
          "0.1.0", "merge_method: linear\n", 7, "plan", "layout", List.of("/a of 3 bytes", "/b"));

  private static final List<Entry> ENTRIES =
      List.of(
          entry("a", 0),
          entry("quoted \"name\"\n\u00e9\ud83d\ude42", 0xfedcba98),
          new Entry(
              12,
              new TensorFindings(
                  "c",
                  Optional.of(new NonFinite("c", "F16", 5, 4, 3)),
                  List.of("\"cancel\"", "stopped early"))));

  @TempDir Path temp;

  private Path path;

  @BeforeEach
  void write() throws IOException {
    path = temp.resolve("journal");
    try (JournalFile file = JournalFile.create(path, IDENTITY)) {
      for (Entry entry : ENTRIES) {
        file.add(entry, 1 << 20);
      }
    }
  }

  private static Entry entry(String tensor, int checksum) {
    return new Entry(checksum, new TensorFindings(tensor, Optional.empty(), List.of()));
  }

  private static List<Entry> entries(Contents contents) {
    return List.copyOf(contents.entries().values());
  }

  @Test
  void saysWhatWasNoted() throws IOException {
    Contents contents = JournalFile.read(path).orElseThrow();
    assertThat(contents.identity()).isEqualTo(IDENTITY);
    assertThat(entries(contents)).isEqualTo(ENTRIES);
    assertThat(contents.validBytes()).isEqualTo(Files.size(path));
  }

  @Test
  void countsWhatATornTailHoldsAsAbsentWhereverItIsTornAndGoesOnFromThere() throws IOException {
    byte[] whole = Files.readAllBytes(path);
    int previous = -1;
    for (int length = 0; length <= whole.length; length++) {
      Files.write(path, Arrays.copyOf(whole, length));
      Optional<Contents> contents = JournalFile.read(path);
      List<Entry> found = new ArrayList<>(contents.map(JournalFileTest::entries).orElse(List.of()));
      assertThat(found).isEqualTo(ENTRIES.subList(0, found.size()));
      int known = contents.isPresent() ? found.size() : -1;
      assertThat(known).isBetween(previous, previous + 1);
      previous = known;
      if (contents.isPresent()) {
        Entry next = entry("next", length);
        try (JournalFile file = JournalFile.append(path, contents.get())) {
          file.add(next, 1 << 20);
        }
        found.add(next);
        assertThat(entries(JournalFile.read(path).orElseThrow())).isEqualTo(found);
      }
    }
    assertThat(previous).isEqualTo(ENTRIES.size());
  }

  @Test
  void believesNothingFromTheFirstBrokenByteOn() throws IOException {
    byte[] whole = Files.readAllBytes(path);
    for (int at = 0; at < whole.length; at++) {
      byte[] broken = whole.clone();
      broken[at] ^= 0x10;
      Files.write(path, broken);
      Optional<Contents> contents = JournalFile.read(path);
      List<Entry> found = contents.map(JournalFileTest::entries).orElse(List.of());
      assertThat(found).isEqualTo(ENTRIES.subList(0, found.size())).hasSizeLessThan(3);
      contents.ifPresent(c -> assertThat(c.identity()).isEqualTo(IDENTITY));
    }
  }

  @Test
  void theLastRecordOfATensorCounts() throws IOException {
    Entry again = entry("a", 99);
    try (JournalFile file = JournalFile.append(path, JournalFile.read(path).orElseThrow())) {
      file.add(again, 1 << 20);
    }
    assertThat(JournalFile.read(path).orElseThrow().entries()).containsEntry("a", again);
  }

  @Test
  void recordsOfSmallTensorsWaitForCompanyUntilFlushed() throws IOException {
    try (JournalFile file = JournalFile.append(path, JournalFile.read(path).orElseThrow())) {
      long before = Files.size(path);
      assertThat(file.add(entry("small", 1), 1000)).isFalse();
      assertThat(Files.size(path)).isEqualTo(before);
      assertThat(file.add(entry("large", 2), 1 << 20)).isTrue();
      assertThat(JournalFile.read(path).orElseThrow().entries()).containsKeys("small", "large");
      file.add(entry("last", 3), 0);
      file.flush();
      assertThat(JournalFile.read(path).orElseThrow().entries()).containsKey("last");
    }
  }

  @Test
  void isNoJournalWithoutAFirstLine() throws IOException {
    for (String text : List.of("", "\n", "garbage", "00000000 {}\n", "e3069283 123456789\n")) {
      Files.writeString(path, text);
      assertThat(JournalFile.read(path)).as(text).isEmpty();
    }
    Files.delete(path);
    assertThat(JournalFile.read(path)).isEmpty();
  }
}
