package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.interference.Measure.Scope;
import java.util.List;
import java.util.OptionalDouble;

/**
 * Singular task interference (Gargiulo et al., arXiv:2412.00081): {@code ‖(UᵀU − I) S (VᵀV − I)‖₁},
 * entry by entry, with the leading singular triplets of all tasks side by side, over the sum of S.
 */
final class SingularTaskInterference implements SpectralMeasure {

  static final Measure STI =
      new Measure(
          "singularTaskInterference",
          "singular task interference",
          Scope.SUM,
          "|(U'U - I) S (V'V - I)|_1/sum S of all leading triplets: 0 where the tasks' singular"
              + " vectors are mutually orthogonal");

  /** Mean of the absolute value of a standard normal variable. */
  private static final double HALF_NORMAL = Math.sqrt(2 / Math.PI);

  @Override
  public List<Measure> measures() {
    return List.of(STI);
  }

  @Override
  public void measure(MatrixFacts facts, Findings findings) {
    Directions left = facts.outputs();
    Directions right = facts.inputs();
    int total = left.total();
    double[] values = new double[total];
    double scale = 0;
    for (int a = 0, rank = 0; a < total; a++) {
      rank = a > 0 && left.task(a) == left.task(a - 1) ? rank + 1 : 0;
      values[a] = facts.taskValues()[left.task(a)][rank];
      scale += values[a];
    }
    double sum = 0;
    double chance = 0;
    for (int a = 0; a < total; a++) {
      for (int b = 0; b < total; b++) {
        double entry = 0;
        double variance = 0;
        for (int c = 0; c < total; c++) {
          // the vectors of one task are orthonormal: what rounding leaves there is none of it
          if (left.task(a) != left.task(c) && right.task(c) != right.task(b)) {
            entry += left.product(a, c) * values[c] * right.product(c, b);
            variance += values[c] * values[c];
          }
        }
        sum += Math.abs(entry);
        chance += HALF_NORMAL * Math.sqrt(variance / facts.rows() / facts.columns());
      }
    }
    findings.ofSum(STI, sum / scale, OptionalDouble.of(chance / scale));
  }
}
