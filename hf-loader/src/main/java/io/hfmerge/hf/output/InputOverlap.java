package io.hfmerge.hf.output;

import io.hfmerge.error.OutputExistsException;
import io.hfmerge.hf.ModelLocation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Keeps outputs off inputs: replacing a folder that holds one would delete it. */
final class InputOverlap {

  private InputOverlap() {}

  /**
   * Checks one input.
   *
   * @throws OutputExistsException if the target holds the input, or is inside its folder
   */
  static void refuse(Path target, ModelLocation input) throws IOException {
    Path real = real(target.toAbsolutePath().normalize());
    Path folder = input.folder().toRealPath();
    if (folder.startsWith(real) && Files.exists(target)) {
      throw new OutputExistsException(
          target + ": expected a folder without inputs, found that it holds " + folder);
    }
    if (real.startsWith(folder) && input.weightsFile().isEmpty()) {
      throw new OutputExistsException(
          target + ": expected a place outside the inputs, found it inside " + folder);
    }
  }

  /** The path without symbolic links, as far as it exists. */
  private static Path real(Path path) throws IOException {
    Path parent = path.getParent();
    if (parent == null || Files.exists(path)) {
      return path.toRealPath();
    }
    return real(parent).resolve(path.getFileName());
  }
}
