package io.hfmerge.hf.torchbin;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.hf.files.ByteSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The bytes of a pickle, taken in order from a part of a file, with their positions. */
final class PickleInput {

  private static final int BUFFER_BYTES = 1 << 16;

  private final ByteSource source;
  private final long start;
  private final long end;
  private final ByteBuffer buffer;

  /** Position in the source of the buffer's limit. */
  private long next;

  /**
   * @param start first byte of the source
   * @param end byte after the last
   */
  PickleInput(ByteSource source, long start, long end) {
    this.source = source;
    this.start = start;
    this.end = end;
    this.next = start;
    this.buffer =
        ByteBuffer.allocate((int) Math.min(BUFFER_BYTES, end - start))
            .order(ByteOrder.LITTLE_ENDIAN)
            .limit(0);
  }

  /** Where the pickle is from, for messages. */
  String name() {
    return source.name();
  }

  /** Position in the source of the next byte. */
  long position() {
    return next - buffer.remaining();
  }

  /** Number of bytes taken. */
  long taken() {
    return position() - start;
  }

  int unsignedByte() throws IOException {
    require(1);
    return buffer.get() & 0xff;
  }

  int unsignedShort() throws IOException {
    require(2);
    return buffer.getShort() & 0xffff;
  }

  int signedInt() throws IOException {
    require(4);
    return buffer.getInt();
  }

  /** The one number that pickles hold with the highest byte first. */
  double bigEndianDouble() throws IOException {
    require(8);
    return Double.longBitsToDouble(Long.reverseBytes(buffer.getLong()));
  }

  /**
   * A run of bytes.
   *
   * @param length not yet checked
   * @param limit most that is taken
   * @param what for the message
   */
  byte[] bytes(long length, int limit, String what) throws IOException {
    if (length < 0 || length > limit) {
      throw malformed(
          "expected %s of at most %d bytes, found a length of %d".formatted(what, limit, length));
    }
    if (length > end - position()) {
      throw malformed(
          "expected %s of %d bytes, found %d left".formatted(what, length, end - position()));
    }
    byte[] bytes = new byte[(int) length];
    int buffered = Math.min(bytes.length, buffer.remaining());
    buffer.get(bytes, 0, buffered);
    if (buffered < bytes.length) {
      source.read(next, ByteBuffer.wrap(bytes, buffered, bytes.length - buffered));
      next += bytes.length - buffered;
    }
    return bytes;
  }

  /** Text up to a line break, which is taken too. */
  String line(int limit) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = unsignedByte(); c != '\n'; c = unsignedByte()) {
      if (c < ' ' || c > '~' || line.length() == limit) {
        throw malformed(
            "expected a name of at most %d printable characters and a line break, found byte 0x%02x"
                    .formatted(limit, c)
                + " after \""
                + line
                + '"');
      }
      line.append((char) c);
    }
    return line.toString();
  }

  private void require(int length) throws IOException {
    if (buffer.remaining() >= length) {
      return;
    }
    if (end - position() < length) {
      throw malformed("expected more of the pickle, found its end");
    }
    buffer.compact();
    buffer.limit((int) Math.min(buffer.capacity(), buffer.position() + (end - next)));
    next += buffer.remaining();
    source.read(next - buffer.remaining(), buffer);
    buffer.flip();
  }

  private MalformedCheckpointException malformed(String what) {
    return new MalformedCheckpointException(
        "%s: pickle at byte %d: %s".formatted(source.name(), position(), what));
  }
}
