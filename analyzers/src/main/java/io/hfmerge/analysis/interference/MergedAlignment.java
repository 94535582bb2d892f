package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.interference.Measure.Scope;
import java.util.List;
import java.util.OptionalDouble;

/** The tasks in the output directions of the merged update. */
final class MergedAlignment implements SpectralMeasure {

  static final Measure ALIGNMENT =
      new Measure(
          "subspaceAlignment",
          "subspace alignment",
          Scope.TASK,
          "|Uk Uk' Dt|/|Dt|, Uk the leading left singular vectors of M (arXiv:2502.04959); chance"
              + " sqrt(k/outputs)");

  static final Measure OVER_COUNT =
      new Measure(
          "overCount",
          "over-counted",
          Scope.SUM,
          "share of the tasks' energy in directions of M, all its left singular vectors, where the"
              + " sum holds more of it than the task itself (arXiv:2602.05536)");

  static final Measure INTERFERENCE =
      new Measure(
          "directionInterference",
          "direction interference",
          Scope.TASK,
          "sum of ((p - 1)|a|)^2/sum of |a|^2, a = u'Dt for all left singular vectors u of M and p"
              + " = <u'M,a>/|a|^2 (arXiv:2602.05536): 0 where the sum holds each task once, (T - 1)^2"
              + " where all tasks are the same");

  @Override
  public List<Measure> measures() {
    return List.of(ALIGNMENT, INTERFERENCE, OVER_COUNT);
  }

  @Override
  public void measure(MatrixFacts facts, Findings findings) {
    MatrixFacts.Alignment alignment = facts.alignment();
    if (alignment.count() == 0) {
      return;
    }
    double chance = Math.sqrt((double) alignment.count() / facts.rows());
    for (int t = 0; t < facts.tasks(); t++) {
      double share = alignment.energy()[t] / facts.sums().squares(t);
      findings.ofTask(ALIGNMENT, t, Math.sqrt(share), OptionalDouble.of(chance));
      findings.ofTask(
          INTERFERENCE,
          t,
          alignment.interference()[t] / alignment.inside()[t],
          OptionalDouble.empty());
    }
    findings.ofSum(OVER_COUNT, alignment.overCounted() / alignment.all(), OptionalDouble.empty());
  }
}
