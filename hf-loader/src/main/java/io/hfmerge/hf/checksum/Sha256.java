package io.hfmerge.hf.checksum;

import io.hfmerge.progress.ProgressListener;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Callable;

/** SHA-256 as lower-case hexadecimal digits. */
public final class Sha256 {

  private static final int BUFFER_BYTES = 1 << 20;

  private Sha256() {}

  /** Of bytes in memory. */
  public static String of(byte[] bytes) {
    return HexFormat.of().formatHex(digest().digest(bytes));
  }

  private static String of(Path file, ProgressListener listener) throws IOException {
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

  /**
   * Of whole files, several at once.
   *
   * @param threads at least 1
   * @param listener hears of the bytes read, but not of beginning and end
   * @return the hash of each file, in their order
   */
  public static List<String> of(List<Path> files, int threads, ProgressListener listener)
      throws IOException {
    List<Callable<String>> readers = new ArrayList<>();
    for (Path file : files) {
      readers.add(() -> of(file, listener));
    }
    return Readers.run(threads, readers);
  }

  private static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
