package io.hfmerge.hf.hub;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A request that failed for now and may succeed when it is tried again. */
final class TransientHubException extends IOException {

  private static final long serialVersionUID = 1L;

  /** What a server that limits requests asks for. */
  private final transient Optional<Duration> pause;

  /** Whether the server refused because of too many requests, rather than being in trouble. */
  private final boolean rateLimit;

  private TransientHubException(
      String message, Optional<Duration> pause, boolean rateLimit, @Nullable Throwable cause) {
    super(message, cause);
    this.pause = pause;
    this.rateLimit = rateLimit;
  }

  static TransientHubException of(String message, @Nullable Throwable cause) {
    return new TransientHubException(message, Optional.empty(), false, cause);
  }

  static TransientHubException ofRateLimit(String message, Optional<Duration> pause) {
    return new TransientHubException(message, pause, true, null);
  }

  Optional<Duration> pause() {
    return pause;
  }

  boolean isRateLimit() {
    return rateLimit;
  }
}
