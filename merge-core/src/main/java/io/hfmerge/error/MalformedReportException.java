package io.hfmerge.error;

import org.jspecify.annotations.Nullable;

/**
 * A stored report breaks the rules of its format, or is of another version of it; the message names
 * file and field.
 */
public final class MalformedReportException extends HfMergeException {

  private static final long serialVersionUID = 1L;

  public MalformedReportException(String message) {
    this(message, null);
  }

  public MalformedReportException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
