package io.hfmerge.hf.files;

import io.hfmerge.error.MalformedCheckpointException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * An open file, mapped whole and read-only; of any size. Closing closes the file; the mapping lives
 * as long as its arena.
 *
 * @param path the file
 * @param channel the open file
 * @param segment all its bytes
 */
public record MappedFile(Path path, FileChannel channel, MemorySegment segment)
    implements ByteSource, AutoCloseable {

  private static final byte[] LFS_POINTER =
      "version https://git-lfs".getBytes(StandardCharsets.US_ASCII);

  /**
   * Opens and maps a file.
   *
   * @param arena owns the mapping
   * @param format what the file is expected to be, for the message
   * @throws MalformedCheckpointException if Git has left a pointer in its place
   * @throws IOException if it cannot be read
   */
  public static MappedFile open(Path path, Arena arena, String format) throws IOException {
    if (Files.isDirectory(path)) {
      throw new IOException(path + ": expected a file, found a folder");
    }
    FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
    try {
      long size = channel.size();
      MappedFile file =
          new MappedFile(path, channel, channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena));
      if (Arrays.equals(file.bytes(0, (int) Math.min(size, LFS_POINTER.length)), LFS_POINTER)) {
        throw new MalformedCheckpointException(
            "%s: at byte 0: expected a %s file, found a Git LFS pointer; run 'git lfs pull' in its"
                    .formatted(path, format)
                + " repository to fetch the file itself");
      }
      return file;
    } catch (IOException | RuntimeException | Error e) {
      channel.close();
      throw e;
    }
  }

  @Override
  public String name() {
    return path.toString();
  }

  @Override
  public long size() {
    return segment.byteSize();
  }

  /**
   * Copies bytes: into native memory by a system call, which reports a file cut short as an {@link
   * IOException} where an access to mapped memory would be a fault.
   *
   * @param position first byte of the file
   * @param destination filled completely
   */
  @Override
  public void read(long position, MemorySegment destination) throws IOException {
    if (!destination.isNative()) {
      MemorySegment.copy(segment, position, destination, 0, destination.byteSize());
      return;
    }
    ByteSource.super.read(position, destination);
  }

  @Override
  public void read(long position, ByteBuffer target) throws IOException {
    long at = position;
    while (target.hasRemaining()) {
      int read = channel.read(target, at);
      if (read < 0) {
        throw new IOException(path + ": ends at byte " + at + " while it is being read");
      }
      at += read;
    }
  }

  /** Part of the mapping. */
  public MemorySegment slice(long position, long size) {
    return segment.asSlice(position, size);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
