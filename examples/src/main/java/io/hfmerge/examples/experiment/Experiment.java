package io.hfmerge.examples.experiment;

import java.io.IOException;
import java.util.Optional;

/** One reproducible measurement of a claim. */
public interface Experiment {

  /** As it is called on the command line. */
  String name();

  /** What it shows, in one line. */
  String summary();

  /** What is tested, and how it is judged. */
  Claim claim();

  /** What {@code --data} may be, and where it comes from; empty if nothing is read. */
  default Optional<String> data() {
    return Optional.empty();
  }

  /**
   * Measures.
   *
   * @return the figures and what was found
   * @throws IOException if data cannot be read, or a checkpoint cannot be written
   */
  Outcome run(Lab lab) throws IOException;
}
