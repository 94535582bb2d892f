package io.hfmerge.hf.hub;

import java.util.Optional;

/**
 * A file of a repository at a commit.
 *
 * @param path within the repository, with slashes; safe to be resolved against a folder
 * @param sizeBytes its size
 * @param etag what the Hub and the cache know the content by: the SHA-256 of a file in large file
 *     storage, else the SHA-1 that git gives the content
 */
record HubFile(String path, long sizeBytes, String etag) {

  private static final int SHA256_DIGITS = 64;

  /** The SHA-256 that the Hub has; empty for small files. */
  Optional<String> sha256() {
    return etag.length() == SHA256_DIGITS ? Optional.of(etag) : Optional.empty();
  }
}
