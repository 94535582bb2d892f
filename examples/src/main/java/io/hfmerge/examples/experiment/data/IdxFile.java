package io.hfmerge.examples.experiment.data;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;

/**
 * The file format of MNIST: two zero bytes, type, number of dimensions, dimensions as big-endian
 * ints, then unsigned bytes. Plain or gzip.
 *
 * @param dimensions of the array
 * @param bytes row-major
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record IdxFile(int[] dimensions, byte[] bytes) {

  private static final int UNSIGNED_BYTES = 0x08;
  private static final int MAX_DIMENSIONS = 4;

  /** More than any published set of this format has. */
  private static final long MAX_BYTES = 1L << 30;

  static IdxFile read(Path file) throws IOException {
    try (InputStream raw = new BufferedInputStream(Files.newInputStream(file));
        InputStream plain = file.toString().endsWith(".gz") ? new GZIPInputStream(raw) : raw;
        DataInputStream in = new DataInputStream(plain)) {
      int magic = in.readInt();
      int rank = magic & 0xff;
      if (magic >>> 8 != UNSIGNED_BYTES || rank < 1 || rank > MAX_DIMENSIONS) {
        throw new IOException(
            "%s: expected an IDX file of unsigned bytes (0x0000080N), found 0x%08x"
                .formatted(file, magic));
      }
      int[] dimensions = new int[rank];
      long size = 1;
      for (int i = 0; i < rank; i++) {
        dimensions[i] = in.readInt();
        if (dimensions[i] < 0 || (size *= dimensions[i]) > MAX_BYTES) {
          throw new IOException(
              "%s: dimensions %s are out of range"
                  .formatted(file, Arrays.toString(Arrays.copyOf(dimensions, i + 1))));
        }
      }
      // grows with what is there, so that a false header cannot allocate
      byte[] bytes = in.readNBytes((int) size);
      if (bytes.length < size) {
        throw new EOFException(
            "%s: expected %d bytes of data, found %d".formatted(file, size, bytes.length));
      }
      return new IdxFile(dimensions, bytes);
    }
  }
}
