package io.hfmerge.analysis;

import io.hfmerge.analysis.AnalysisReport.Skipped;
import io.hfmerge.analysis.matrix.NonFiniteMatrixException;
import io.hfmerge.error.UnsupportedFeatureException;
import java.io.IOException;
import java.util.Optional;

/**
 * The place of one result, filled by a worker and read after all are done, so that the order of
 * results is that of the slots.
 */
final class Slot<T> {

  /** Measures something. */
  interface Measurement<T> {
    Optional<T> take() throws IOException, NonFiniteMatrixException;
  }

  private final String name;
  private Optional<T> value = Optional.empty();
  private Optional<Skipped> skipped = Optional.empty();

  Slot(String name) {
    this.name = name;
  }

  void fill(Measurement<T> measurement) throws IOException {
    try {
      value = measurement.take();
    } catch (NonFiniteMatrixException | UnsupportedFeatureException e) {
      skip(String.valueOf(e.getMessage()));
    }
  }

  void skip(String reason) {
    skipped = Optional.of(new Skipped(name, reason));
  }

  Optional<T> value() {
    return value;
  }

  Optional<Skipped> skipped() {
    return skipped;
  }
}
