package io.hfmerge.hf.checksum;

import io.hfmerge.progress.ProgressListener;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 as lower-case hexadecimal digits. */
public final class Sha256 {

  private static final int BUFFER_BYTES = 1 << 20;

  /** Bytes of the little-endian header length in front of a safetensors header. */
  private static final int LENGTH_BYTES = 8;

  /** Limit of the format, in bytes. */
  private static final long MAX_HEADER_BYTES = 100_000_000;

  private Sha256() {}

  /** Of bytes in memory. */
  public static String of(byte[] bytes) {
    return HexFormat.of().formatHex(digest().digest(bytes));
  }

  /**
   * Of a whole file.
   *
   * @param listener hears of the bytes read, but not of beginning and end
   */
  public static String of(Path file, ProgressListener listener) throws IOException {
    MessageDigest digest = digest();
    byte[] buffer = new byte[BUFFER_BYTES];
    try (InputStream in = Files.newInputStream(file)) {
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        digest.update(buffer, 0, read);
        listener.advanced(read);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** Of the length and the header that a safetensors file begins with. */
  public static String ofSafetensorsHeader(Path file) throws IOException {
    MessageDigest digest = digest();
    try (InputStream in = Files.newInputStream(file)) {
      byte[] prefix = in.readNBytes(LENGTH_BYTES);
      digest.update(prefix);
      if (prefix.length == LENGTH_BYTES) {
        long length = ByteBuffer.wrap(prefix).order(ByteOrder.LITTLE_ENDIAN).getLong();
        digest.update(in.readNBytes((int) Math.clamp(length, 0, MAX_HEADER_BYTES)));
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
