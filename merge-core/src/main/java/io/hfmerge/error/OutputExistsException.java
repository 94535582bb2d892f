package io.hfmerge.error;

import org.jspecify.annotations.Nullable;

/** The output is already there and overwriting it was not asked for. */
public final class OutputExistsException extends HfMergeException {

  private static final long serialVersionUID = 1L;

  public OutputExistsException(String message) {
    this(message, null);
  }

  public OutputExistsException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
