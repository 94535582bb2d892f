package io.hfmerge.hf.hub;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** No connection to the server could be made. */
final class UnreachableHubException extends IOException {

  private static final long serialVersionUID = 1L;

  UnreachableHubException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
