package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.interference.Measure.Scope;
import java.util.List;
import java.util.OptionalDouble;

/**
 * Predicted damage to each task (the objective of WUDI-merging, arXiv:2503.08099): how differently
 * the merged update answers to the inputs of task t, of which the rows of D_t are the stand-in.
 */
final class WudiResidual implements SpectralMeasure {

  static final Measure RESIDUAL =
      new Measure(
          "wudiResidual",
          "predicted damage",
          Scope.TASK,
          "|(M - Dt) Dt'|^2/|Dt Dt'|^2: 0 where the sum does to task t's inputs what its own update"
              + " does, 1 where the error is as large as the update; chance for unrelated inputs");

  @Override
  public List<Measure> measures() {
    return List.of(RESIDUAL);
  }

  @Override
  public void measure(MatrixFacts facts, Findings findings) {
    for (int t = 0; t < facts.tasks(); t++) {
      double scale = facts.response(t, t);
      double others = 0;
      for (int i = 0; i < facts.tasks(); i++) {
        others += i == t ? 0 : facts.weights()[i] * facts.weights()[i] * facts.sums().squares(i);
      }
      double lost = facts.weights()[t] - 1;
      double chance = others * facts.sums().squares(t) / facts.columns() / scale + lost * lost;
      findings.ofTask(RESIDUAL, t, facts.damages()[t] / scale, OptionalDouble.of(chance));
    }
  }
}
