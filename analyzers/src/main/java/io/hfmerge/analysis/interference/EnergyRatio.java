package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.interference.Measure.Scope;
import java.util.List;
import java.util.OptionalDouble;

/** Energy of the sum against the energies of its parts. */
final class EnergyRatio implements ElementMeasure {

  static final Measure ENERGY_RATIO =
      new Measure(
          "energyRatio",
          "energy ratio",
          Scope.SUM,
          "|M|^2/sum |w Dt|^2: 1 if pairwise orthogonal, T if identical, below 1 if opposed");

  @Override
  public List<Measure> measures() {
    return List.of(ENERGY_RATIO);
  }

  @Override
  public void measure(TensorSums sums, double[] weights, Findings findings) {
    double parts = 0;
    for (int t = 0; t < weights.length; t++) {
      parts += weights[t] * weights[t] * sums.squares(t);
    }
    findings.ofSum(ENERGY_RATIO, sums.squaresOfSum(weights) / parts, OptionalDouble.of(1));
  }
}
