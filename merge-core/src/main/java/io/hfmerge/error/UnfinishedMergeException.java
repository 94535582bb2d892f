package io.hfmerge.error;

import org.jspecify.annotations.Nullable;

/**
 * An unfinished merge of the same output stands in the way: another process is at work on it, or it
 * was begun from another recipe or other inputs.
 */
public final class UnfinishedMergeException extends HfMergeException {

  private static final long serialVersionUID = 1L;

  public UnfinishedMergeException(String message) {
    this(message, null);
  }

  public UnfinishedMergeException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
