package io.hfmerge.hf.output;

import java.io.IOException;

/**
 * Reading or writing failed after part of a merge was complete, and that part is kept: once the
 * cause is mended, the merge can be continued.
 */
public final class PartialMergeException extends IOException {

  private static final long serialVersionUID = 1L;

  private final IOException failure;
  private final String advice;

  PartialMergeException(IOException failure, String advice) {
    super(failure.getMessage() + "\n" + advice, failure);
    this.failure = failure;
    this.advice = advice;
  }

  /** What failed. */
  public IOException failure() {
    return failure;
  }

  /** Where the work is kept, how to continue it and how to discard it. */
  public String advice() {
    return advice;
  }
}
