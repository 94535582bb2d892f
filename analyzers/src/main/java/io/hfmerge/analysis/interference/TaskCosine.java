package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.interference.Measure.Scope;
import java.util.List;
import java.util.OptionalDouble;

/** Cosine of the angle between task vectors, signed. */
final class TaskCosine implements ElementMeasure {

  static final Measure COSINE =
      new Measure(
          "cosine",
          "cosine",
          Scope.PAIR,
          "<Di,Dj>/(|Di||Dj|); chance is the standard deviation of unrelated task vectors,"
              + " 1/sqrt(elements)");

  @Override
  public List<Measure> measures() {
    return List.of(COSINE);
  }

  @Override
  public void measure(TensorSums sums, double[] weights, Findings findings) {
    OptionalDouble chance = OptionalDouble.of(1 / Math.sqrt((double) sums.elements()));
    for (int i = 0; i < sums.tasks(); i++) {
      for (int j = i + 1; j < sums.tasks(); j++) {
        double scale = Math.sqrt(sums.squares(i) * sums.squares(j));
        findings.ofPair(COSINE, i, j, Math.clamp(sums.product(i, j) / scale, -1, 1), chance);
      }
    }
  }
}
