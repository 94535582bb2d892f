package io.hfmerge.hf.hub;

import java.io.IOException;
import java.time.Duration;

/**
 * How often one piece of work is tried again: as {@code huggingface_hub} does, up to five tries in
 * a row without progress, with pauses of 1, 2, 4 and 8 s or what the server asks for.
 */
final class RetryBudget {

  private static final int TRIES = 5;
  private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(8);

  /**
   * Above the five minutes of the Hub's own windows; a server that asks for more is not awaited.
   */
  private static final Duration LONGEST_RATE_LIMIT = Duration.ofMinutes(6);

  private final Pauses pauses;
  private int failures;

  RetryBudget(Pauses pauses) {
    this.pauses = pauses;
  }

  /** One request. */
  interface Attempt<T> {
    T run() throws IOException;
  }

  /** Tries until it succeeds, fails for good, or has failed too often. */
  <T> T run(Attempt<T> attempt) throws IOException {
    while (true) {
      try {
        return attempt.run();
      } catch (TransientHubException e) {
        failed(e);
      }
    }
  }

  /** Something was achieved since the last failure. */
  void progressed() {
    failures = 0;
  }

  /**
   * Waits before the next try.
   *
   * @throws TransientHubException the failure, if there is to be none
   */
  void failed(TransientHubException failure) throws IOException {
    failures++;
    Duration asked = failure.pause().orElse(Duration.ZERO);
    if (failures >= TRIES || asked.compareTo(LONGEST_RATE_LIMIT) > 0) {
      throw failure;
    }
    Duration usual = FIRST_PAUSE.multipliedBy(1L << (failures - 1));
    Duration pause = usual.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : usual;
    pauses.pause(asked.compareTo(pause) > 0 ? asked : pause);
  }
}
