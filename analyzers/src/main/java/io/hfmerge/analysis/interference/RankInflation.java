package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.interference.Measure.Scope;
import java.util.List;
import java.util.OptionalDouble;

/** Ranks of the task vectors and of their sum. */
final class RankInflation implements SpectralMeasure {

  static final Measure EFFECTIVE_RANK =
      new Measure(
          "effectiveRank", "effective rank", Scope.TASK, "exp of the entropy of Dt's spectrum");

  static final Measure STABLE_RANK =
      new Measure("stableRank", "stable rank", Scope.TASK, "|Dt|/|Dt|_2, not squared");

  static final Measure OF_SUM =
      new Measure(
          "effectiveRankOfSum",
          "effective rank of the sum",
          Scope.SUM,
          "exp of the entropy of M's spectrum");

  static final Measure INFLATION =
      new Measure(
          "rankInflation",
          "rank inflation",
          Scope.SUM,
          "effective rank of M over the sum of those of the tasks: 1 where they are disjoint, 1/T"
              + " where they are the same");

  @Override
  public List<Measure> measures() {
    return List.of(EFFECTIVE_RANK, STABLE_RANK, OF_SUM, INFLATION);
  }

  @Override
  public void measure(MatrixFacts facts, Findings findings) {
    double parts = 0;
    for (int t = 0; t < facts.tasks(); t++) {
      double rank = MatrixFacts.effectiveRank(facts.taskValues()[t]);
      parts += facts.weights()[t] == 0 ? 0 : rank;
      if (rank > 0) {
        findings.ofTask(EFFECTIVE_RANK, t, rank, OptionalDouble.empty());
        findings.ofTask(
            STABLE_RANK,
            t,
            Math.sqrt(facts.sums().squares(t)) / facts.spectral(t),
            OptionalDouble.empty());
      }
    }
    double ofSum = MatrixFacts.effectiveRank(facts.sumValues());
    findings.ofSum(OF_SUM, ofSum, OptionalDouble.empty());
    findings.ofSum(INFLATION, ofSum / parts, OptionalDouble.empty());
  }
}
