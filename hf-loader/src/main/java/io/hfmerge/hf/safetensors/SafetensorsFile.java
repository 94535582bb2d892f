package io.hfmerge.hf.safetensors;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.hf.files.MappedFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/**
 * One mapped safetensors file.
 *
 * @param file the open file
 * @param header its checked header
 */
record SafetensorsFile(MappedFile file, SafetensorsHeader header) implements AutoCloseable {

  /**
   * Maps a file and checks its header. Nothing is allocated before the header's length is known to
   * be within the limit and within the file.
   *
   * @param arena owns the mapping
   * @throws MalformedCheckpointException if any rule of the format is broken
   * @throws IOException if the file cannot be read
   */
  static SafetensorsFile open(Path path, Arena arena) throws IOException {
    MappedFile file = MappedFile.open(path, arena, "safetensors");
    try {
      int length = headerLength(file);
      byte[] header = file.bytes(SafetensorsHeaderParser.LENGTH_BYTES, length);
      return new SafetensorsFile(
          file, SafetensorsHeaderParser.parse(path.toString(), header, file.size()));
    } catch (IOException | RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  Path path() {
    return file.path();
  }

  FileChannel channel() {
    return file.channel();
  }

  /** Copies part of a tensor's bytes. */
  void read(SafetensorsHeader.Entry entry, long offsetBytes, MemorySegment destination)
      throws IOException {
    file.read(header.dataStart() + entry.begin() + offsetBytes, destination);
  }

  /** The bytes of a tensor. */
  MemorySegment slice(SafetensorsHeader.Entry entry) {
    return file.slice(header.dataStart() + entry.begin(), entry.end() - entry.begin());
  }

  @Override
  public void close() throws IOException {
    file.close();
  }

  private static int headerLength(MappedFile file) throws IOException {
    long size = file.size();
    int prefix = SafetensorsHeaderParser.LENGTH_BYTES;
    if (size < prefix) {
      throw new MalformedCheckpointException(
          "%s: at byte 0: expected 8 bytes of header length, found a file of %d bytes"
              .formatted(file.path(), size));
    }
    long length = ByteBuffer.wrap(file.bytes(0, prefix)).order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (length < 0 || length > SafetensorsHeaderParser.MAX_HEADER_BYTES) {
      throw new MalformedCheckpointException(
          "%s: at byte 0: expected a header of at most %d bytes, found a length of %s;"
                  .formatted(
                      file.path(),
                      SafetensorsHeaderParser.MAX_HEADER_BYTES,
                      Long.toUnsignedString(length))
              + " is this a safetensors file?");
    }
    if (prefix + length > size) {
      throw new MalformedCheckpointException(
          "%s: at byte 8: expected a header of %d bytes, found %d bytes left in the file"
              .formatted(file.path(), length, size - prefix));
    }
    return (int) length;
  }
}
