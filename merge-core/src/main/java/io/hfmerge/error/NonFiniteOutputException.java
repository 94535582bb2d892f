package io.hfmerge.error;

import org.jspecify.annotations.Nullable;

/** A merge made NaN or infinities out of finite inputs; the message names tensors and counts. */
public final class NonFiniteOutputException extends HfMergeException {

  private static final long serialVersionUID = 1L;

  public NonFiniteOutputException(String message) {
    this(message, null);
  }

  public NonFiniteOutputException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
