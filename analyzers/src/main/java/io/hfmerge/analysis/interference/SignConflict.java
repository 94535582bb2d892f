package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.interference.Measure.Scope;
import java.util.List;
import java.util.OptionalDouble;

/** Elements that two task vectors move in opposite directions (arXiv:2306.01708). */
final class SignConflict implements ElementMeasure {

  static final Measure SIGN_CONFLICT =
      new Measure(
          "signConflict",
          "sign conflict",
          Scope.PAIR,
          "share of the elements which both change that they move apart; chance 0.5");

  static final Measure WEIGHTED =
      new Measure(
          "signConflictWeighted",
          "sign conflict, weighted",
          Scope.PAIR,
          "the same weighted by min(|Di|,|Dj|); chance 0.5");

  static final Measure LARGEST =
      new Measure(
          "signConflictLargest",
          "sign conflict, largest",
          Scope.PAIR,
          "the same among the elements that are within the largest part of both, tensor by tensor"
              + " (settings.density; magnitudes told apart to 9 bits); chance 0.5");

  private static final OptionalDouble HALF = OptionalDouble.of(0.5);

  @Override
  public List<Measure> measures() {
    return List.of(SIGN_CONFLICT, WEIGHTED, LARGEST);
  }

  @Override
  public void measure(TensorSums sums, double[] weights, Findings findings) {
    for (int i = 0; i < sums.tasks(); i++) {
      for (int j = i + 1; j < sums.tasks(); j++) {
        double present = sums.present(i, j);
        findings.ofPair(SIGN_CONFLICT, i, j, sums.opposed(i, j) / present, HALF);
        findings.ofPair(WEIGHTED, i, j, sums.smallerOpposed(i, j) / sums.smaller(i, j), HALF);
        double largest = sums.bothLargest(i, j);
        findings.ofPair(LARGEST, i, j, sums.largestOpposed(i, j) / largest, HALF);
      }
    }
  }
}
