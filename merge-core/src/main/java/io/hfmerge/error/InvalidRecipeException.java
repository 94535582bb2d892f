package io.hfmerge.error;

import org.jspecify.annotations.Nullable;

/** A recipe or a merge request that cannot be carried out; the message names line and column. */
public final class InvalidRecipeException extends HfMergeException {

  private static final long serialVersionUID = 1L;

  public InvalidRecipeException(String message) {
    this(message, null);
  }

  public InvalidRecipeException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
