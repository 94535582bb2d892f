package io.hfmerge.hf;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** References that are paths on this machine. */
public final class LocalPath {

  private LocalPath() {}

  /**
   * A reference as a path; {@code ~/} is the user's home, as recipes are not read by a shell.
   *
   * @throws InvalidPathException if it cannot be a path
   */
  public static Path of(String reference) {
    return reference.startsWith("~/")
        ? Path.of(System.getProperty("user.home"), reference.substring(2))
        : Path.of(reference);
  }

  /** Whether a reference is a path at which something is. */
  public static boolean exists(String reference) {
    try {
      return !reference.isBlank() && Files.exists(of(reference));
    } catch (InvalidPathException e) {
      return false;
    }
  }
}
