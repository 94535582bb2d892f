package io.hfmerge.hf.output;

import io.hfmerge.hf.safetensors.SafetensorsCheckpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.Optional;

/**
 * By what a file of an input is known again.
 *
 * @param path absolute, without symbolic links above the file itself
 * @param sizeBytes its size
 * @param modified when it was last written, as the file system has it
 * @param headerSha256 SHA-256 of a safetensors file's first bytes, header included; empty for other
 *     files
 * @param hub where it was downloaded from the Hub, and what that says of it
 * @param sha256 its SHA-256, where that was asked for
 */
record FileIdentity(
    Path path,
    long sizeBytes,
    Instant modified,
    Optional<String> headerSha256,
    Optional<HubOrigin> hub,
    Optional<String> sha256) {

  private static final String SAFETENSORS = ".safetensors";

  /** The file as it is now; of its content, only a safetensors header is read. */
  static FileIdentity of(Path file) throws IOException {
    Path path = file.toAbsolutePath().normalize();
    BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
    return new FileIdentity(
        path,
        attributes.size(),
        attributes.lastModifiedTime().toInstant(),
        path.getFileName().toString().endsWith(SAFETENSORS)
            ? Optional.of(SafetensorsCheckpoint.headerSha256(path))
            : Optional.empty(),
        HubOrigin.of(path),
        Optional.empty());
  }

  FileIdentity withSha256(String hash) {
    return new FileIdentity(path, sizeBytes, modified, headerSha256, hub, Optional.of(hash));
  }

  /**
   * What is different now in size or time.
   *
   * @return expected and found; empty if nothing is
   */
  Optional<String> change() {
    BasicFileAttributes now;
    try {
      now = Files.readAttributes(path, BasicFileAttributes.class);
    } catch (IOException e) {
      return Optional.of(path + ": expected " + describe() + ", found no such file any more");
    }
    FileIdentity found =
        new FileIdentity(
            path, now.size(), now.lastModifiedTime().toInstant(), headerSha256, hub, sha256);
    return found.equals(this)
        ? Optional.empty()
        : Optional.of(path + ": expected " + describe() + ", found " + found.describe());
  }

  private String describe() {
    return String.format(java.util.Locale.ROOT, "%,d bytes of %s", sizeBytes, modified);
  }

  /** One line that differs whenever the file may be another. */
  String fingerprint() {
    return path
        + " of "
        + sizeBytes
        + " bytes, written "
        + modified
        + headerSha256.map(hash -> ", header " + hash).orElse("");
  }
}
