package io.hfmerge.analysis.interference;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/** Collects measured numbers; those that are not finite, being undefined, are left out. */
final class Findings {

  private final List<MeasureValue> values = new ArrayList<>();

  void ofSum(Measure measure, double value, OptionalDouble chance) {
    add(measure, OptionalInt.empty(), OptionalInt.empty(), value, chance);
  }

  void ofTask(Measure measure, int task, double value, OptionalDouble chance) {
    add(measure, OptionalInt.of(task), OptionalInt.empty(), value, chance);
  }

  void ofPair(Measure measure, int first, int second, double value, OptionalDouble chance) {
    add(measure, OptionalInt.of(first), OptionalInt.of(second), value, chance);
  }

  /** Of a task, or of a pair if there is another. */
  void of(Measure measure, int task, OptionalInt other, double value, OptionalDouble chance) {
    add(measure, OptionalInt.of(task), other, value, chance);
  }

  private void add(
      Measure measure, OptionalInt first, OptionalInt second, double value, OptionalDouble chance) {
    if (Double.isFinite(value)) {
      values.add(new MeasureValue(measure, first, second, value, chance));
    }
  }

  List<MeasureValue> values() {
    return List.copyOf(values);
  }
}
