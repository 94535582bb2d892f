package io.hfmerge.examples.experiment.data;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * The file format of MNIST: two zero bytes, type, number of dimensions, dimensions as big-endian
 * ints, then unsigned bytes. Plain or gzip, by content.
 */
final class IdxFile {

  private static final int UNSIGNED_BYTES = 0x08;
  private static final int GZIP_FIRST = 0x1f;
  private static final int GZIP_SECOND = 0x8b;

  /** More items than any published set of this format but the generated ones has. */
  private static final int MOST_ITEMS = 1 << 20;

  private IdxFile() {}

  /** Hears of every item in order; the array is used again for the next one. */
  @FunctionalInterface
  interface Items {
    void at(int index, byte[] bytes) throws IOException;
  }

  /** Hears how many items there are before the first one comes, and says what to do with them. */
  @FunctionalInterface
  interface Opened {
    Items count(int items) throws IOException;
  }

  /**
   * Reads a file to its end, an item at a time.
   *
   * @param item dimensions of an item, those after the first
   * @throws IOException if the file is not IDX, has other dimensions, or is shorter or longer than
   *     its header says
   */
  static void read(Path file, List<Integer> item, Opened opened) throws IOException {
    try (BufferedInputStream raw = new BufferedInputStream(Files.newInputStream(file));
        InputStream plain = isZipped(raw) ? new GZIPInputStream(raw) : raw;
        DataInputStream in = new DataInputStream(new BufferedInputStream(plain))) {
      int count = header(file, item, in);
      Items items = opened.count(count);
      byte[] bytes = new byte[item.stream().reduce(1, Math::multiplyExact)];
      for (int i = 0; i < count; i++) {
        int found = in.readNBytes(bytes, 0, bytes.length);
        if (found < bytes.length) {
          throw new EOFException(
              "%s: expected %d bytes of data, found %d"
                  .formatted(file, (long) count * bytes.length, (long) i * bytes.length + found));
        }
        items.at(i, bytes);
      }
      if (in.read() >= 0) {
        throw new IOException(
            "%s: expected %d bytes of data, found more"
                .formatted(file, (long) count * bytes.length));
      }
    } catch (ZipException e) {
      throw new IOException(file + ": the gzip data is damaged: " + e.getMessage(), e);
    } catch (EOFException e) {
      throw new IOException(
          String.valueOf(e.getMessage()).startsWith(file.toString())
              ? e.getMessage()
              : file + ": the file is cut short",
          e);
    }
  }

  private static boolean isZipped(BufferedInputStream raw) throws IOException {
    raw.mark(2);
    boolean zipped = raw.read() == GZIP_FIRST && raw.read() == GZIP_SECOND;
    raw.reset();
    return zipped;
  }

  /** Number of items. */
  private static int header(Path file, List<Integer> item, DataInputStream in) throws IOException {
    int magic = in.readInt();
    int expected = UNSIGNED_BYTES << 8 | (item.size() + 1);
    if (magic != expected) {
      throw new IOException(
          "%s: expected an IDX file of unsigned bytes in %d dimensions (0x%08x), found 0x%08x"
              .formatted(file, item.size() + 1, expected, magic));
    }
    int count = in.readInt();
    List<Integer> found = new ArrayList<>();
    for (int i = 0; i < item.size(); i++) {
      found.add(in.readInt());
    }
    if (count < 0 || count > MOST_ITEMS || !found.equals(item)) {
      throw new IOException(
          "%s: expected up to %d items of dimensions %s, found %d of %s"
              .formatted(file, MOST_ITEMS, item, count, found));
    }
    return count;
  }
}
