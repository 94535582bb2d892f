package io.hfmerge.analysis.interference;

import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * A measured number.
 *
 * @param measure what it is
 * @param first the model it is about, from 0; empty for {@link Measure.Scope#SUM}
 * @param second the other model of a pair
 * @param value the number, finite
 * @param chance what independent random task vectors of the same spectra would give, in
 *     expectation; of a cosine its standard deviation. Empty where it is not known
 */
public record MeasureValue(
    Measure measure, OptionalInt first, OptionalInt second, double value, OptionalDouble chance) {

  /**
   * How far a share is above chance, on the scale from chance (0) to 1; negative below chance.
   * Empty without a chance level, or where that is 1.
   */
  public OptionalDouble aboveChance() {
    if (chance.isEmpty() || !(chance.getAsDouble() < 1)) {
      return OptionalDouble.empty();
    }
    return OptionalDouble.of((value - chance.getAsDouble()) / (1 - chance.getAsDouble()));
  }
}
