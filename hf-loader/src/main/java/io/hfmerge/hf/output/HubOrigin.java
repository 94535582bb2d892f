package io.hfmerge.hf.output;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the Hub's own downloader noted about a file: in its cache, where {@code
 * snapshots/COMMIT/NAME} is a link to {@code blobs/SHA256}, and beside files that were downloaded
 * into a folder, in {@code .cache/huggingface/download/NAME.metadata} (commit, etag, time).
 *
 * @param commit commit that the file was downloaded from
 * @param sha256 the file's SHA-256 as the Hub has it; empty for small files, which it knows by
 *     other hashes
 */
record HubOrigin(String commit, Optional<String> sha256) {

  private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

  /** As the downloader allows between a file's time and that of its note, in seconds. */
  private static final long SLACK_SECONDS = 1;

  private static final long MAX_METADATA_BYTES = 10_000;

  /**
   * The origin of a file.
   *
   * @param file an absolute path
   * @return empty if it did not come from the Hub or was changed since
   */
  static Optional<HubOrigin> of(Path file) throws IOException {
    return inCache(file).or(() -> inFolder(file));
  }

  private static Optional<HubOrigin> inCache(Path file) throws IOException {
    for (Path below = file, folder = file.getParent();
        folder != null && folder.getFileName() != null;
        below = folder, folder = folder.getParent()) {
      String commit = String.valueOf(below.getFileName());
      if (folder.getFileName().toString().equals("snapshots") && COMMIT.matcher(commit).matches()) {
        Path blob = file.toRealPath();
        Path blobs = blob.getParent();
        Matcher hash = SHA256.matcher(blob.getFileName().toString());
        boolean inBlobs = blobs != null && blobs.endsWith("blobs");
        return Optional.of(
            new HubOrigin(
                commit, inBlobs && hash.matches() ? Optional.of(hash.group()) : Optional.empty()));
      }
    }
    return Optional.empty();
  }

  private static Optional<HubOrigin> inFolder(Path file) {
    Path note =
        file.resolveSibling(".cache/huggingface/download/" + file.getFileName() + ".metadata");
    try {
      if (!Files.isRegularFile(note) || Files.size(note) > MAX_METADATA_BYTES) {
        return Optional.empty();
      }
      List<String> lines = Files.readAllLines(note);
      if (lines.size() < 3 || !COMMIT.matcher(lines.get(0)).matches()) {
        return Optional.empty();
      }
      double noted = Double.parseDouble(lines.get(2));
      Instant written = Files.getLastModifiedTime(file).toInstant();
      if (written.getEpochSecond() - SLACK_SECONDS > noted) {
        return Optional.empty();
      }
      return Optional.of(
          new HubOrigin(
              lines.get(0),
              Optional.of(lines.get(1)).filter(etag -> SHA256.matcher(etag).matches())));
    } catch (IOException | NumberFormatException e) {
      // a note of another program that cannot be read says nothing about the file
      return Optional.empty();
    }
  }
}
