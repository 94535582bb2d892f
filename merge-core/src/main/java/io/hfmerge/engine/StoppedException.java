package io.hfmerge.engine;

import java.io.InterruptedIOException;

/** A worker left its work because another one failed or the merge was interrupted. */
final class StoppedException extends InterruptedIOException {

  private static final long serialVersionUID = 1L;

  StoppedException() {
    super("the merge was stopped");
  }

  /** For a thread that was interrupted while it waited; stays interrupted. */
  static InterruptedIOException interrupted(InterruptedException cause) {
    Thread.currentThread().interrupt();
    InterruptedIOException e = new InterruptedIOException("the merge was interrupted");
    e.initCause(cause);
    return e;
  }
}
