package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.interference.Measure.Scope;
import java.util.List;
import java.util.OptionalDouble;

/** Spectral norms of the sum and of the task vectors. */
final class SpectralGrowth implements NormMeasure {

  static final Measure OVER_ACCUMULATION =
      new Measure(
          "spectralOverAccumulation",
          "over-accumulation",
          Scope.SUM,
          "|M|_2/max |w Dt|_2: 1 where row and column spaces are orthogonal, T where the leading"
              + " directions coincide");

  static final Measure RELATIVE_SPECTRAL_SIZE =
      new Measure("relativeSpectralSize", "relative spectral size", Scope.TASK, "|Dt|_2/|W0|_2");

  @Override
  public List<Measure> measures() {
    return List.of(OVER_ACCUMULATION, RELATIVE_SPECTRAL_SIZE);
  }

  @Override
  public void measure(NormFacts norms, Findings findings) {
    double largest = 0;
    for (int t = 0; t < norms.tasks().size(); t++) {
      largest = Math.max(largest, Math.abs(norms.weights().get(t)) * norms.tasks().get(t));
      findings.ofTask(
          RELATIVE_SPECTRAL_SIZE, t, norms.tasks().get(t) / norms.base(), OptionalDouble.empty());
    }
    findings.ofSum(OVER_ACCUMULATION, norms.sum() / largest, OptionalDouble.empty());
  }
}
