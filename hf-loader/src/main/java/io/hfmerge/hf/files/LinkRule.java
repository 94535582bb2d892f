package io.hfmerge.hf.files;

import io.hfmerge.error.MalformedCheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Which symbolic links within a model folder are followed: those that stay in the folder, and those
 * of the Hub's cache, which lead from {@code snapshots/COMMIT} to {@code blobs} of the same
 * repository. Any other could make a downloaded folder lend its name to a file of this machine. A
 * link that the user names as the reference itself is the user's own and followed anywhere.
 */
public final class LinkRule {

  private static final String SNAPSHOTS = "snapshots";
  private static final String BLOBS = "blobs";

  private LinkRule() {}

  /**
   * Checks a file of a model folder.
   *
   * @param folder the model folder; may itself be reached by links
   * @param file an existing file in or below it
   * @throws MalformedCheckpointException if it is a link that leaves the folder
   * @throws IOException if it leads nowhere
   */
  public static void check(Path folder, Path file) throws IOException {
    Path real = file.toRealPath();
    Path root = folder.toRealPath();
    if (real.startsWith(root)) {
      return;
    }
    for (Path place = root; place != null; place = place.getParent()) {
      Path parent = place.getParent();
      if (parent != null
          && parent.endsWith(SNAPSHOTS)
          && real.startsWith(parent.resolveSibling(BLOBS))
          && Files.isRegularFile(real)) {
        return;
      }
    }
    throw new MalformedCheckpointException(
        "%s: expected a file inside %s, found a symbolic link to %s; copy the file there if it"
                .formatted(file, folder, real)
            + " belongs to the model");
  }
}
