package io.hfmerge.error;

import org.jspecify.annotations.Nullable;

/**
 * A server has the model but does not give it to this user: terms not accepted, no token, a wrong
 * one, or one without the right; the message says what to do.
 */
public final class AccessRefusedException extends HfMergeException {

  private static final long serialVersionUID = 1L;

  public AccessRefusedException(String message) {
    this(message, null);
  }

  public AccessRefusedException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
