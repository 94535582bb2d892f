package io.hfmerge.hf.hub;

import io.hfmerge.hf.OpenOptions;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;

/**
 * How clients of one Hub are made.
 *
 * @param settings of the Hub
 * @param pauses how a client waits before it tries again
 * @param answered whether it has ever answered any of them: one that never did is not waited for,
 *     since most likely there is no network
 */
record HubConnector(
    HubSettings settings, Function<OpenOptions, Pauses> pauses, AtomicBoolean answered) {

  /** A user is not told of shorter waiting. */
  private static final Duration TOLD_FROM = Duration.ofSeconds(5);

  HubConnector(HubSettings settings, Function<OpenOptions, Pauses> pauses) {
    this(settings, pauses, new AtomicBoolean());
  }

  /** Clients that really wait. */
  HubConnector(HubSettings settings) {
    this(settings, options -> Pauses.of(options.cancelled()).told(options.listener(), TOLD_FROM));
  }

  HubClient connect(OpenOptions options) {
    return new HubClient(settings, options, pauses.apply(options), answered);
  }
}
