package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.interference.ConflictReport.TensorConflicts;
import io.hfmerge.analysis.interference.Measure.Scope;
import io.hfmerge.analysis.metric.Spread;
import io.hfmerge.hf.arch.Role;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * How equal the norms of the matrices of a group are, which weight decay makes them in homogeneous
 * networks (arXiv:2502.17340, Lemma 2), in the base, in each model and in the merged weights. Of
 * one role, over its layers; else over QKV, O, M1 and M2 of the layers. Experts count together.
 */
final class NormSpread {

  private static final String SPREAD =
      "coefficient of variation of the norms of the group's matrices (of a role over the layers,"
          + " else of QKV, O, M1 and M2; 0 where norm preservation holds)";

  static final Measure OF_BASE =
      new Measure("baseNormSpread", "norm spread of the base", Scope.SUM, SPREAD + ", of W0");

  static final Measure DRIFT =
      new Measure(
          "normSpreadDrift", "norm spread drift", Scope.TASK, SPREAD + ", of Wt less that of W0");

  static final Measure DRIFT_OF_SUM =
      new Measure(
          "normSpreadDriftOfSum",
          "norm spread drift of the sum",
          Scope.SUM,
          SPREAD + ", of W0 + M less that of W0");

  static final List<Measure> MEASURES = List.of(OF_BASE, DRIFT, DRIFT_OF_SUM);

  private record Place(String stack, int layer, Role role) {}

  private final boolean ofRole;
  private final double[] weights;

  /** Squared norms: the base, each model, the merged weights. */
  private final Map<Place, double[]> squares = new LinkedHashMap<>();

  /**
   * Of a group.
   *
   * @param ofRole whether it is the matrices of one role
   * @param weights λ w_t
   */
  NormSpread(boolean ofRole, double[] weights) {
    this.ofRole = ofRole;
    this.weights = weights;
  }

  void add(TensorConflicts tensor, TensorSums sums) {
    boolean counts =
        switch (tensor.role()) {
          case Q, K, V, QKV, O, M1, M2 -> true;
          case GATE -> ofRole;
          case OTHER -> false;
        };
    if (!counts || tensor.layer() < 0) {
      return;
    }
    Role role =
        switch (tensor.role()) {
          case Q, K, V -> ofRole ? tensor.role() : Role.QKV;
          default -> tensor.role();
        };
    double[] norms =
        squares.computeIfAbsent(
            new Place(tensor.stack(), tensor.layer(), role), key -> new double[weights.length + 2]);
    norms[0] += sums.baseSquares();
    for (int t = 0; t < weights.length; t++) {
      norms[1 + t] += sums.squaresOfTuned(t);
    }
    norms[1 + weights.length] += sums.squaresOfTuned(weights);
  }

  void measure(Findings findings) {
    if (squares.size() < 2) {
      return;
    }
    double base = spread(0);
    findings.ofSum(OF_BASE, base, OptionalDouble.empty());
    for (int t = 0; t < weights.length; t++) {
      findings.ofTask(DRIFT, t, spread(1 + t) - base, OptionalDouble.empty());
    }
    findings.ofSum(DRIFT_OF_SUM, spread(1 + weights.length) - base, OptionalDouble.empty());
  }

  /** Population standard deviation over the mean. */
  private double spread(int model) {
    Spread spread =
        Spread.of(squares.values().stream().mapToDouble(s -> Math.sqrt(s[model])).toArray());
    return spread.deviation() / spread.mean();
  }
}
