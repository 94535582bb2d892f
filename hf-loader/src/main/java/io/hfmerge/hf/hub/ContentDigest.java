package io.hfmerge.hf.hub;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The hash that the Hub knows a content by: SHA-256 in large file storage, else git's SHA-1 of
 * {@code "blob " + length + NUL + content}.
 */
final class ContentDigest {

  private final HubFile file;
  private final MessageDigest digest;

  ContentDigest(HubFile file) {
    this.file = file;
    try {
      this.digest = MessageDigest.getInstance(algorithm());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has " + algorithm(), e);
    }
    reset();
  }

  String algorithm() {
    return file.sha256().isPresent() ? "SHA-256" : "SHA-1";
  }

  /** Begins again. */
  void reset() {
    digest.reset();
    if (file.sha256().isEmpty()) {
      digest.update(("blob " + file.sizeBytes() + "\0").getBytes(StandardCharsets.US_ASCII));
    }
  }

  void update(byte[] bytes, int length) {
    digest.update(bytes, 0, length);
  }

  /** The hash of everything so far; to be asked for once. */
  String finish() {
    return HexFormat.of().formatHex(digest.digest());
  }
}
