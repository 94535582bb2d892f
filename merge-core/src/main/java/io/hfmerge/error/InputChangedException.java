package io.hfmerge.error;

import org.jspecify.annotations.Nullable;

/**
 * An input is no longer what it was when the merge began; the message names files, sizes and times.
 */
public final class InputChangedException extends HfMergeException {

  private static final long serialVersionUID = 1L;

  public InputChangedException(String message) {
    this(message, null);
  }

  public InputChangedException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
