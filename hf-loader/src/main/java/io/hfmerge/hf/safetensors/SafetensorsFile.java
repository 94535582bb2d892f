package io.hfmerge.hf.safetensors;

import io.hfmerge.error.MalformedCheckpointException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * One mapped safetensors file.
 *
 * @param path the file
 * @param channel the open file
 * @param header its checked header
 * @param data its tensor data, read-only, mapped in the arena it was opened with
 */
record SafetensorsFile(Path path, FileChannel channel, SafetensorsHeader header, MemorySegment data)
    implements AutoCloseable {

  /** A byte buffer cannot be larger than 2 GiB. */
  private static final long MAX_READ_BYTES = 1 << 30;

  private static final byte[] LFS_POINTER =
      "version https://git-lfs".getBytes(StandardCharsets.US_ASCII);

  /**
   * Maps a file and checks its header. Nothing is allocated before the header's length is known to
   * be within the limit and within the file.
   *
   * @param arena owns the mapping
   * @throws MalformedCheckpointException if any rule of the format is broken
   * @throws IOException if the file cannot be read
   */
  static SafetensorsFile open(Path path, Arena arena) throws IOException {
    if (Files.isDirectory(path)) {
      throw new IOException(path + ": expected a file, found a folder");
    }
    FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
    try {
      long size = channel.size();
      long length = headerLength(path, channel, size);
      byte[] bytes = new byte[(int) length];
      readFully(path, channel, ByteBuffer.wrap(bytes), SafetensorsHeaderParser.LENGTH_BYTES);
      SafetensorsHeader header = SafetensorsHeaderParser.parse(path.toString(), bytes, size);
      MemorySegment mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
      return new SafetensorsFile(path, channel, header, mapped.asSlice(header.dataStart()));
    } catch (IOException | RuntimeException | Error e) {
      channel.close();
      throw e;
    }
  }

  /**
   * Copies part of a tensor's bytes: into native memory by a system call, which reports a file cut
   * short as an {@link IOException} where an access to mapped memory would be a fault.
   */
  void read(SafetensorsHeader.Entry entry, long offsetBytes, MemorySegment destination)
      throws IOException {
    if (!destination.isNative()) {
      MemorySegment.copy(slice(entry), offsetBytes, destination, 0, destination.byteSize());
      return;
    }
    long position = header.dataStart() + entry.begin() + offsetBytes;
    for (long done = 0; done < destination.byteSize(); done += MAX_READ_BYTES) {
      long length = Math.min(MAX_READ_BYTES, destination.byteSize() - done);
      readFully(path, channel, destination.asSlice(done, length).asByteBuffer(), position + done);
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  /** The bytes of a tensor. */
  MemorySegment slice(SafetensorsHeader.Entry entry) {
    return data.asSlice(entry.begin(), entry.end() - entry.begin());
  }

  private static long headerLength(Path path, FileChannel channel, long size) throws IOException {
    int prefix = SafetensorsHeaderParser.LENGTH_BYTES;
    if (size < prefix) {
      throw new MalformedCheckpointException(
          "%s: at byte 0: expected 8 bytes of header length, found a file of %d bytes"
              .formatted(path, size));
    }
    byte[] start = new byte[(int) Math.min(size, LFS_POINTER.length)];
    readFully(path, channel, ByteBuffer.wrap(start), 0);
    if (java.util.Arrays.equals(start, LFS_POINTER)) {
      throw new MalformedCheckpointException(
          "%s: at byte 0: expected a safetensors file, found a Git LFS pointer;".formatted(path)
              + " run 'git lfs pull' in its repository to fetch the file itself");
    }
    long length =
        MemorySegment.ofArray(start)
            .get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0);
    if (length < 0 || length > SafetensorsHeaderParser.MAX_HEADER_BYTES) {
      throw new MalformedCheckpointException(
          "%s: at byte 0: expected a header of at most %d bytes, found a length of %s;"
                  .formatted(
                      path, SafetensorsHeaderParser.MAX_HEADER_BYTES, Long.toUnsignedString(length))
              + " is this a safetensors file?");
    }
    if (prefix + length > size) {
      throw new MalformedCheckpointException(
          "%s: at byte 8: expected a header of %d bytes, found %d bytes left in the file"
              .formatted(path, length, size - prefix));
    }
    return length;
  }

  private static void readFully(Path path, FileChannel channel, ByteBuffer target, long position)
      throws IOException {
    long at = position;
    while (target.hasRemaining()) {
      int read = channel.read(target, at);
      if (read < 0) {
        throw new IOException(path + ": ends at byte " + at + " while it is being read");
      }
      at += read;
    }
  }
}
