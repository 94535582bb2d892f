package io.hfmerge.hf.output;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Whether a disk has room for outputs. */
final class DiskSpace {

  /** Room for header, config, tokenizer, card and manifest of one output. */
  private static final long COMPANION_BYTES = 50_000_000;

  private DiskSpace() {}

  /**
   * Refuses a disk that is too full.
   *
   * @param place what will hold the outputs; its parent exists
   * @param weightBytes what is still to be written of all outputs
   * @param outputs how many there are
   * @throws IOException if they do not fit
   */
  static void require(Path place, long weightBytes, int outputs) throws IOException {
    Path parent = place.toAbsolutePath().normalize().resolveSibling("");
    long usable = Files.getFileStore(parent).getUsableSpace();
    long needed = weightBytes + outputs * COMPANION_BYTES;
    if (usable < needed) {
      throw new IOException(
          "%s: the output needs %,d bytes, the disk has %,d left"
              .formatted(parent, needed, usable));
    }
  }
}
