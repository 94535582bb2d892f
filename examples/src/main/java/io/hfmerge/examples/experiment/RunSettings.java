package io.hfmerge.examples.experiment;

import ai.djl.Device;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How an experiment is to be run.
 *
 * @param quick a reduced size that takes about a minute
 * @param seed of data, initial weights and batches
 * @param repeats instead of the experiment's own number
 * @param data folder or file of published data
 * @param device that trains
 */
public record RunSettings(
    boolean quick, long seed, OptionalInt repeats, Optional<Path> data, Device device) {

  public RunSettings {
    if (repeats.isPresent() && repeats.getAsInt() < 1) {
      throw new IllegalArgumentException("repeats: expected 1 or more, found " + repeats);
    }
  }

  /** What must be the same for work to be continued, or for bytes to be equal. */
  String identity(String experiment) {
    return "experiment=%s quick=%s seed=%d repeats=%s data=%s device=%s"
        .formatted(
            experiment,
            quick,
            seed,
            repeats.isPresent() ? repeats.getAsInt() : "default",
            data.map(path -> path.toAbsolutePath().normalize().toString()).orElse("none"),
            device);
  }
}
