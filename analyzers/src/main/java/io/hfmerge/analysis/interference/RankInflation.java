package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.AnalysisRequest;
import io.hfmerge.analysis.interference.Measure.Scope;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;

/** Ranks of the task vectors and of their sum. */
final class RankInflation implements SpectralMeasure {

  static final Measure EFFECTIVE_RANK =
      new Measure(
          "effectiveRank", "effective rank", Scope.TASK, "exp of the entropy of Dt's spectrum");

  static final Measure STABLE_RANK =
      new Measure("stableRank", "stable rank", Scope.TASK, "|Dt|/|Dt|_2, not squared");

  static final Measure EPSILON_RANK =
      new Measure(
          "epsilonRank",
          "ε-rank",
          Scope.TASK,
          "singular values of Dt above " + AnalysisRequest.DEFAULT_EPSILON + " times the largest");

  static final Measure OF_SUM =
      new Measure(
          "effectiveRankOfSum",
          "effective rank of the sum",
          Scope.SUM,
          "exp of the entropy of M's spectrum");

  static final Measure STABLE_OF_SUM =
      new Measure("stableRankOfSum", "stable rank of the sum", Scope.SUM, "|M|/|M|_2, not squared");

  static final Measure EPSILON_OF_SUM =
      new Measure(
          "epsilonRankOfSum",
          "ε-rank of the sum",
          Scope.SUM,
          "singular values of M above " + AnalysisRequest.DEFAULT_EPSILON + " times the largest");

  static final Measure INFLATION =
      new Measure(
          "rankInflation",
          "rank inflation",
          Scope.SUM,
          "effective rank of M over the sum of those of the tasks: 1 where they are disjoint, 1/T"
              + " where they are the same");

  static final Measure NUCLEAR_LOSS =
      new Measure(
          "nuclearLoss",
          "nuclear norm lost",
          Scope.SUM,
          "(sum |w Dt|_* - |M|_*)/sum |w Dt|_*: 0 where row and column spaces are orthogonal, but"
              + " for copies of one update too; 1 where the sum is zero");

  @Override
  public List<Measure> measures() {
    return List.of(
        EFFECTIVE_RANK,
        STABLE_RANK,
        EPSILON_RANK,
        OF_SUM,
        STABLE_OF_SUM,
        EPSILON_OF_SUM,
        INFLATION,
        NUCLEAR_LOSS);
  }

  @Override
  public void measure(MatrixFacts facts, Findings findings) {
    double parts = 0;
    double nuclear = 0;
    for (int t = 0; t < facts.tasks(); t++) {
      double[] values = facts.taskValues()[t];
      double rank = MatrixFacts.effectiveRank(values);
      parts += facts.weights()[t] == 0 ? 0 : rank;
      nuclear += Math.abs(facts.weights()[t]) * Arrays.stream(values).sum();
      if (rank > 0) {
        findings.ofTask(EFFECTIVE_RANK, t, rank, OptionalDouble.empty());
        findings.ofTask(
            STABLE_RANK,
            t,
            Math.sqrt(facts.sums().squares(t)) / facts.spectral(t),
            OptionalDouble.empty());
        findings.ofTask(EPSILON_RANK, t, epsilonRank(values), OptionalDouble.empty());
      }
    }
    double[] ofSum = facts.sumValues();
    double rank = MatrixFacts.effectiveRank(ofSum);
    findings.ofSum(OF_SUM, rank, OptionalDouble.empty());
    if (ofSum.length > 0) {
      double norm = Math.sqrt(facts.sums().squaresOfSum(facts.weights()));
      findings.ofSum(STABLE_OF_SUM, norm / ofSum[0], OptionalDouble.empty());
      findings.ofSum(EPSILON_OF_SUM, epsilonRank(ofSum), OptionalDouble.empty());
    }
    findings.ofSum(INFLATION, rank / parts, OptionalDouble.empty());
    findings.ofSum(NUCLEAR_LOSS, 1 - Arrays.stream(ofSum).sum() / nuclear, OptionalDouble.empty());
  }

  /** Of singular values, the largest first. */
  private static double epsilonRank(double[] values) {
    return Arrays.stream(values)
        .filter(value -> value > AnalysisRequest.DEFAULT_EPSILON * values[0])
        .count();
  }
}
