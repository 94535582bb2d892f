package io.hfmerge.error;

import org.jspecify.annotations.Nullable;

/** A model reference that leads to no checkpoint; the message lists what was tried. */
public final class UnresolvedReferenceException extends HfMergeException {

  private static final long serialVersionUID = 1L;

  public UnresolvedReferenceException(String message) {
    this(message, null);
  }

  public UnresolvedReferenceException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
