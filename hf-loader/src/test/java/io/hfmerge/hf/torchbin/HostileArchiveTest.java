package io.hfmerge.hf.torchbin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.HfMergeException;
import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnsupportedFeatureException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Archives changed in one field; what the field is called stands in PKWARE's APPNOTE, 4.3. */
class HostileArchiveTest {

  private static final int CENTRAL_METHOD = 10;
  private static final int CENTRAL_STORED = 20;
  private static final int CENTRAL_SIZE = 24;
  private static final int CENTRAL_NAME_LENGTH = 28;
  private static final int CENTRAL_HEADER = 42;
  private static final int CENTRAL_NAME = 46;
  private static final int END_ENTRIES = 10;
  private static final int END_SIZE = 12;
  private static final int END_PLACE = 16;

  private ByteBuffer zip = ByteBuffer.allocate(0);

  @BeforeEach
  void takeAFileOfTorch() throws IOException {
    zip =
        ByteBuffer.wrap(Files.readAllBytes(TorchFiles.torch("module.bin")))
            .order(ByteOrder.LITTLE_ENDIAN);
  }

  @Test
  void takesTheFileAsItIs() throws IOException {
    assertThat(read().entries()).containsKey("module/data.pkl");
    assertThat(read().entries().values()).allMatch(entry -> entry.method() == 0);
  }

  @Test
  void refusesACompressedArchive() throws IOException {
    Map<String, byte[]> bomb = new LinkedHashMap<>();
    bomb.put("m/data.pkl", new byte[10_000_000]);
    byte[] bytes = TorchFiles.zip(bomb, ZipEntry.DEFLATED);
    assertThat(bytes).hasSizeLessThan(20_000);
    assertThatThrownBy(() -> TorchFile.content(TorchFiles.source(bytes)))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageContaining("entry \"m/data.pkl\"")
        .hasMessageContaining("compressed by method 8");
  }

  @Test
  void refusesAnEncryptedEntry() {
    zip.putShort(central(1) + 8, (short) 1);
    refuses("found it encrypted");
  }

  @Test
  void refusesSizesBeyondTheFile() {
    zip.putInt(central(0) + CENTRAL_STORED, 1 << 30);
    zip.putInt(central(0) + CENTRAL_SIZE, 1 << 30);
    refuses("entry \"module/data.pkl\" of 1073741824 bytes before the directory");
  }

  @Test
  void refusesTwoSizesOfAStoredEntry() {
    zip.putInt(central(0) + CENTRAL_SIZE, 7);
    refuses("with one size");
  }

  @Test
  void refusesA64BitSizeThatIsNotThere() {
    zip.putInt(central(0) + CENTRAL_SIZE, -1);
    refuses("expected a 64-bit size of entry \"module/data.pkl\", found none");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 0x7fffffff, 0xfffffffe})
  void refusesAPlaceThatIsNoHeader(int place) {
    zip.putInt(central(2) + CENTRAL_HEADER, place);
    refuses("entry \"");
  }

  @Test
  void refusesEntriesThatOverlap() {
    int first = zip.getInt(central(0) + CENTRAL_HEADER);
    zip.putInt(central(1) + CENTRAL_HEADER, first);
    refuses("expected entry \"");
    zip.putInt(central(0) + CENTRAL_STORED, 2000);
    zip.putInt(central(0) + CENTRAL_SIZE, 2000);
    refuses("expected entry \"");
  }

  @Test
  void refusesDataThatReachesIntoTheNextEntry() {
    int size = zip.getInt(central(0) + CENTRAL_SIZE);
    zip.putInt(central(0) + CENTRAL_STORED, size + 100);
    zip.putInt(central(0) + CENTRAL_SIZE, size + 100);
    refuses("after the data of \"module/data.pkl\", which ends at byte");
  }

  @Test
  void refusesCompressedDataThatReachesIntoTheNextEntry() {
    zip.putShort(central(0) + CENTRAL_METHOD, (short) 8);
    zip.putInt(central(0) + CENTRAL_STORED, 2000);
    refuses("after the data of");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"../odule/da", "/odule/data", "a/../../bcd", "a\\b/data.pk", "module\0data"})
  void refusesNamesThatLeaveTheArchive(String name) {
    zip.put(central(0) + CENTRAL_NAME, TorchFiles.ascii(name));
    refuses("expected the name of an entry below the archive");
  }

  @Test
  void refusesANameThatDiffersFromTheHeaders() {
    zip.put(central(0) + CENTRAL_NAME, (byte) 'n');
    refuses("expected entry \"nodule/data.pkl\", found \"module/data.pkl\"");
  }

  @Test
  void refusesANameLongerThanTheDirectory() {
    zip.putShort(central(0) + CENTRAL_NAME_LENGTH, (short) 0xffff);
    refuses("within the directory, found its end");
  }

  @Test
  void refusesCountsAndPlacesOfTheDirectoryThatDoNotFit() throws IOException {
    // one without zip64, which torch always writes
    zip =
        ByteBuffer.wrap(TorchFiles.archive(TorchFiles.ascii("\u0080\u0002}.")))
            .order(ByteOrder.LITTLE_ENDIAN);
    int end = end();
    zip.putShort(end + END_ENTRIES, (short) 9999);
    refuses("found 9999");
    zip.putInt(end + END_SIZE, 0x7fffffff);
    refuses("expected a directory of at most");
    zip.putInt(end + END_SIZE, 1 << 20);
    refuses("found its place as byte");
    zip.putInt(end + END_SIZE, 46);
    zip.putInt(end + END_PLACE, 0x7fffffff);
    refuses("found its place as byte 2147483647");
    zip.putInt(end + END_PLACE, -1);
    refuses("expected a zip64 locator");
  }

  @Test
  void refusesZip64PlacesThatDoNotFit() throws IOException {
    ZipLayout layout = new ZipLayout();
    layout.add("m/data.pkl", 5_000_000_000L);
    ByteBuffer directory = layout.directory(List.of(0));
    int end64 = directory.remaining() - 22 - 20 - 56;
    for (int field : new int[] {32, 40, 48}) {
      for (long value : new long[] {-1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 40}) {
        ByteBuffer changed = ByteBuffer.allocate(directory.remaining());
        changed.put(directory.duplicate()).flip();
        changed.order(ByteOrder.LITTLE_ENDIAN).putLong(end64 + field, value);
        assertThatThrownBy(() -> ZipDirectory.read(TorchFiles.source(changed.array())))
            .as("field %d = %d", field, value)
            .isInstanceOf(MalformedCheckpointException.class);
      }
    }
  }

  @Test
  void refusesAnArchiveOfSomethingElse() throws IOException {
    byte[] other = TorchFiles.zip(Map.of("word/document.xml", new byte[3]), ZipEntry.STORED);
    assertThatThrownBy(() -> TorchFile.content(TorchFiles.source(other)))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining("expected one data.pkl")
        .hasMessageContaining("is this another zip archive?");
    Map<String, byte[]> two = new LinkedHashMap<>();
    two.put("a/data.pkl", new byte[1]);
    two.put("b/data.pkl", new byte[1]);
    byte[] both = TorchFiles.zip(two, ZipEntry.STORED);
    assertThatThrownBy(() -> TorchFile.content(TorchFiles.source(both)))
        .hasMessageContaining("found a/data.pkl, b/data.pkl");
  }

  @Test
  void refusesVersionsOfTheFuture() throws IOException {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    entries.put("m/data.pkl", TorchFiles.ascii("\u0080\u0002}."));
    entries.put("m/version", TorchFiles.ascii("11\n"));
    byte[] bytes = TorchFiles.zip(entries, ZipEntry.STORED);
    assertThatThrownBy(() -> TorchFile.content(TorchFiles.source(bytes)))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageContaining("found \"11\"");
  }

  private void refuses(String reason) {
    assertThatThrownBy(this::read)
        .isInstanceOf(HfMergeException.class)
        .hasMessageContaining("memory: zip archive at byte ")
        .hasMessageContaining(reason);
  }

  private ZipDirectory read() throws IOException {
    return ZipDirectory.read(TorchFiles.source(zip.array()));
  }

  private int end() {
    int at = zip.capacity() - 22;
    assertThat(zip.getInt(at)).isEqualTo(0x06054b50);
    return at;
  }

  /** Place of an entry of the directory. */
  private int central(int index) {
    int at = zip.getInt(end() + END_PLACE);
    if (at == -1) {
      at = (int) zip.getLong(end() - 20 - 56 + 48);
    }
    for (int i = 0; i < index; i++) {
      at += CENTRAL_NAME + zip.getShort(at + 28) + zip.getShort(at + 30) + zip.getShort(at + 32);
    }
    assertThat(zip.getInt(at)).isEqualTo(0x02014b50);
    return at;
  }
}
