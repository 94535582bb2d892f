package io.hfmerge.hf.checksum;

import java.nio.channels.FileChannel;
import java.nio.file.Path;

/**
 * Some bytes of an open file.
 *
 * @param path the file, for messages
 * @param channel the open file, which stays its opener's
 * @param offset first byte
 * @param length number of bytes
 */
public record FileRange(Path path, FileChannel channel, long offset, long length) {

  public FileRange {
    if (offset < 0 || length < 0) {
      throw new IllegalArgumentException(path + ": " + length + " bytes from " + offset + " on");
    }
  }
}
