package io.hfmerge.hf.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/** Writes whole buffers at places of a file; errors say where. */
public final class PositionalWrites {

  private PositionalWrites() {}

  /**
   * Writes everything that a buffer has left.
   *
   * @param path of the channel, for messages
   * @param position place of the buffer's first byte
   * @throws ClosedChannelException as it is: it says by its type that another thread has closed or
   *     interrupted
   * @throws IOException with path and place, if the system refuses
   */
  public static void writeFully(Path path, FileChannel channel, ByteBuffer source, long position)
      throws IOException {
    long at = position;
    try {
      while (source.hasRemaining()) {
        at += channel.write(source, at);
      }
    } catch (ClosedChannelException e) {
      throw e;
    } catch (IOException e) {
      throw new IOException(path + ": at byte " + at + ": " + e.getMessage(), e);
    }
  }
}
