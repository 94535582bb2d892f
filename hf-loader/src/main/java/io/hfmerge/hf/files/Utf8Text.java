package io.hfmerge.hf.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Text files of users. Java's own exception for other bytes than UTF-8 names neither file nor
 * place.
 */
public final class Utf8Text {

  /** One string and the bytes that it is read from must fit the heap. */
  private static final long MOST_BYTES = 1 << 30;

  private Utf8Text() {}

  /** What is not UTF-8, and where. */
  private static final class NotUtf8Exception extends CharacterCodingException {

    private static final long serialVersionUID = 1L;

    private final String message;

    NotUtf8Exception(String message) {
      this.message = message;
    }

    @Override
    public String getMessage() {
      return message;
    }
  }

  /**
   * Reads a whole file.
   *
   * @throws CharacterCodingException if it is not UTF-8; names the file, the byte and its offset
   * @throws IOException if it is a folder, larger than 1 GiB, or cannot be read
   */
  public static String read(Path file) throws IOException {
    if (Files.isDirectory(file)) {
      throw new IOException(file + ": expected a file, found a folder");
    }
    if (Files.size(file) > MOST_BYTES) {
      throw new IOException(
          "%s: expected a text of at most %d bytes, found %d"
              .formatted(file, MOST_BYTES, Files.size(file)));
    }
    byte[] bytes = Files.readAllBytes(file);
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    ByteBuffer in = ByteBuffer.wrap(bytes);
    // UTF-8 never has fewer bytes than chars
    CharBuffer out = CharBuffer.allocate(bytes.length);
    CoderResult result = decoder.decode(in, out, true);
    if (result.isError()) {
      throw new NotUtf8Exception(
          "%s: expected UTF-8 text, found byte 0x%02X at offset %d"
              .formatted(file, bytes[in.position()], in.position()));
    }
    return out.flip().toString();
  }
}
