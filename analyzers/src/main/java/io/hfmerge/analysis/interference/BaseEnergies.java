package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.interference.Measure.Scope;
import java.util.List;
import java.util.OptionalDouble;

/** Where in the singular basis of the base the task vectors lie (SMILE, arXiv:2408.10174). */
final class BaseEnergies implements SpectralMeasure {

  static final Measure LEADING =
      new Measure(
          "baseLeadingEnergy",
          "energy in base's leading",
          Scope.TASK,
          "|Uk' Dt Vk|^2/|Dt|^2, k leading singular vectors of the base that make half of its"
              + " nuclear norm; chance k^2/(rows cols)");

  static final Measure REMAINING =
      new Measure(
          "baseRemainingEnergy",
          "in its rest",
          Scope.TASK,
          "what else lies between the base's row and column space; chance (r^2 - k^2)/(rows cols)");

  static final Measure NULL =
      new Measure(
          "baseNullEnergy",
          "in its null space",
          Scope.TASK,
          "what lies outside of either; chance 1 - r^2/(rows cols)");

  @Override
  public List<Measure> measures() {
    return List.of(LEADING, REMAINING, NULL);
  }

  @Override
  public void measure(MatrixFacts facts, Findings findings) {
    MatrixFacts.BaseShares base = facts.baseShares();
    double elements = (double) facts.rows() * facts.columns();
    double leading = (double) base.leading() * base.leading() / elements;
    double rank = (double) base.rank() * base.rank() / elements;
    for (int t = 0; t < facts.tasks(); t++) {
      double squares = facts.sums().squares(t);
      if (!(squares > 0)) {
        continue;
      }
      double first = Math.min(1, base.leadingEnergy()[t] / squares);
      double both = Math.clamp(base.rankEnergy()[t] / squares, first, 1);
      findings.ofTask(LEADING, t, first, OptionalDouble.of(leading));
      findings.ofTask(REMAINING, t, both - first, OptionalDouble.of(rank - leading));
      findings.ofTask(NULL, t, 1 - both, OptionalDouble.of(1 - rank));
    }
  }
}
