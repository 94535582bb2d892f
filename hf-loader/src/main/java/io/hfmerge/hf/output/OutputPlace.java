package io.hfmerge.hf.output;

import io.hfmerge.error.OutputExistsException;
import io.hfmerge.hf.HfModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Whether there is a place for an output. */
final class OutputPlace {

  /** Room for header, config, tokenizer, card and manifest. */
  private static final long COMPANION_BYTES = 50_000_000;

  private OutputPlace() {}

  /**
   * Refuses a target that holds an input, which replacing it would delete, or that is inside one,
   * which it would change.
   */
  static void refuseOverlap(Path target, HfModel model) throws IOException {
    Path real = real(target.toAbsolutePath().normalize());
    Path folder = model.location().folder().toRealPath();
    if (folder.startsWith(real) && Files.exists(target)) {
      throw new OutputExistsException(
          target + ": expected a folder without inputs, found that it holds " + folder);
    }
    if (real.startsWith(folder) && model.location().weightsFile().isEmpty()) {
      throw new OutputExistsException(
          target + ": expected a place outside the inputs, found it inside " + folder);
    }
  }

  /**
   * Refuses a disk that is too full for an output.
   *
   * @param target absolute; its parent exists
   */
  static void requireSpace(Path target, long weightBytes) throws IOException {
    Path parent = target.resolveSibling("");
    long usable = Files.getFileStore(parent).getUsableSpace();
    if (usable < weightBytes + COMPANION_BYTES) {
      throw new IOException(
          "%s: the output needs %,d bytes, the disk has %,d left"
              .formatted(parent, weightBytes + COMPANION_BYTES, usable));
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
