package io.hfmerge.examples.experiment;

import java.util.List;

/** Numbers for tests of verdicts. */
public final class MeasurementsOf {

  private MeasurementsOf() {}

  /** These numbers. */
  public static Measurements list(List<Measurement> numbers) {
    Measurements measured = new Measurements();
    measured.addAll(numbers);
    return measured;
  }
}
