package io.hfmerge.hf.files;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Bytes of known number that can be read at any place: a file, or memory in tests. */
public interface ByteSource {

  /** Where the bytes are from, for messages. */
  String name();

  /** Number of bytes. */
  long size();

  /**
   * Fills a buffer.
   *
   * @param position first byte
   * @param target filled from its position to its limit
   * @throws IOException if the bytes end before, or cannot be read
   */
  void read(long position, ByteBuffer target) throws IOException;

  /** Copies a few bytes, which must be there. */
  default byte[] bytes(long position, int length) throws IOException {
    byte[] bytes = new byte[length];
    read(position, ByteBuffer.wrap(bytes));
    return bytes;
  }
}
