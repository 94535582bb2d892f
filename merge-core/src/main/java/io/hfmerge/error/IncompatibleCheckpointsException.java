package io.hfmerge.error;

import org.jspecify.annotations.Nullable;

/** Checkpoints that cannot be merged with each other: names or shapes differ. */
public final class IncompatibleCheckpointsException extends HfMergeException {

  private static final long serialVersionUID = 1L;

  public IncompatibleCheckpointsException(String message) {
    this(message, null);
  }

  public IncompatibleCheckpointsException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
