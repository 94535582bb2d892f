package io.hfmerge.hf.files;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** Bytes of known number that can be read at any place: a file, or memory in tests. */
public interface ByteSource {

  /** Below the 2 GiB that a byte buffer can have at most. */
  long MAX_BUFFER_BYTES = 1 << 30;

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

  /**
   * Fills a segment, which may be larger than a byte buffer can be.
   *
   * @param position first byte
   * @throws IOException if the bytes end before, or cannot be read
   */
  default void read(long position, MemorySegment target) throws IOException {
    for (long done = 0; done < target.byteSize(); done += MAX_BUFFER_BYTES) {
      long some = Math.min(MAX_BUFFER_BYTES, target.byteSize() - done);
      read(position + done, target.asSlice(done, some).asByteBuffer());
    }
  }

  /** Copies a few bytes, which must be there. */
  default byte[] bytes(long position, int length) throws IOException {
    byte[] bytes = new byte[length];
    read(position, ByteBuffer.wrap(bytes));
    return bytes;
  }
}
