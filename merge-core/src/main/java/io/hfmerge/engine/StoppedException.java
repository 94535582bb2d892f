package io.hfmerge.engine;

import java.io.InterruptedIOException;

/** A worker left its work because another one failed or the merge was interrupted. */
final class StoppedException extends InterruptedIOException {

  private static final long serialVersionUID = 1L;

  StoppedException() {
    super("the merge was stopped");
  }
}
