package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.interference.Measure.Scope;
import java.util.List;
import java.util.OptionalDouble;

/**
 * Leading singular vectors of a tuned matrix that the base has nothing like (Shuttleworth et al.,
 * arXiv:2410.21228, "intruder dimensions"). Where singular values tie, vectors are some of many.
 */
final class IntruderDimensions implements SpectralMeasure {

  static final Measure INPUTS =
      new Measure("inputIntruders", "input intruders", Scope.TASK, meaning("right"));

  static final Measure OUTPUTS =
      new Measure("outputIntruders", "output intruders", Scope.TASK, meaning("left"));

  private static String meaning(String side) {
    return "how many of the %d leading %s singular vectors of W0 + Dt have a cosine below %s with"
            .formatted(MatrixFacts.TUNED_DIRECTIONS, side, MatrixFacts.INTRUDER_COSINE)
        + " every one of W0";
  }

  @Override
  public List<Measure> measures() {
    return List.of(INPUTS, OUTPUTS);
  }

  @Override
  public void measure(MatrixFacts facts, Findings findings) {
    MatrixFacts.BaseShares base = facts.baseShares();
    for (int t = 0; t < facts.tasks(); t++) {
      if (base.tuned()[t] > 0) {
        findings.ofTask(INPUTS, t, base.inputIntruders()[t], OptionalDouble.empty());
        findings.ofTask(OUTPUTS, t, base.outputIntruders()[t], OptionalDouble.empty());
      }
    }
  }
}
