package io.hfmerge.error;

import org.jspecify.annotations.Nullable;

/**
 * A file of a checkpoint breaks the rules of its format; the message names file, tensor and byte.
 */
public final class MalformedCheckpointException extends HfMergeException {

  private static final long serialVersionUID = 1L;

  public MalformedCheckpointException(String message) {
    this(message, null);
  }

  public MalformedCheckpointException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
