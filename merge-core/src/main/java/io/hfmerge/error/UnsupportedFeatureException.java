package io.hfmerge.error;

import org.jspecify.annotations.Nullable;

/** Valid input that this version does not handle. */
public final class UnsupportedFeatureException extends HfMergeException {

  private static final long serialVersionUID = 1L;

  public UnsupportedFeatureException(String message) {
    this(message, null);
  }

  public UnsupportedFeatureException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
