package io.hfmerge.analysis.interference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.hfmerge.analysis.AnalysisSubject;
import io.hfmerge.analysis.FakeStructure;
import io.hfmerge.analysis.MemoryCheckpoint;
import io.hfmerge.analysis.interference.ConflictAnalyzer.Term;
import io.hfmerge.hf.arch.BalanceTraits;
import io.hfmerge.hf.arch.BalanceTraits.Mlp;
import io.hfmerge.hf.arch.BalanceTraits.Rotary;
import io.hfmerge.hf.arch.ModelDimensions;
import io.hfmerge.hf.arch.Role;
import io.hfmerge.hf.arch.WeightMatrix;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Balance and norm preservation of a base, of models and of the merged weights. */
class DriftTest {

  /** Rounding of f64 sums over a few dozen elements. */
  private static final double ROUNDING = 1e-12;

  private static final int WIDTH = 6;
  private static final List<Role> ROLES = List.of(Role.Q, Role.K, Role.V, Role.O, Role.M1, Role.M2);

  /** Two layers of 2 heads: multiples of one orthogonal matrix, so that Gram matrices are known. */
  private static MemoryCheckpoint model(double[]... factors) {
    MemoryCheckpoint checkpoint = new MemoryCheckpoint();
    for (int layer = 0; layer < factors.length; layer++) {
      for (int r = 0; r < ROLES.size(); r++) {
        double[] matrix = new double[WIDTH * WIDTH];
        for (int i = 0; i < WIDTH; i++) {
          matrix[i * WIDTH + (i + 2) % WIDTH] = factors[layer][r];
        }
        checkpoint.add(layer + "." + ROLES.get(r), DType.F64, matrix, WIDTH, WIDTH);
      }
    }
    return checkpoint;
  }

  private static AnalysisSubject subject(MemoryCheckpoint checkpoint, int layers, Mlp mlp) {
    List<WeightMatrix> matrices = new ArrayList<>();
    for (int layer = 0; layer < layers; layer++) {
      for (Role role : ROLES) {
        matrices.add(checkpoint.matrix(layer + "." + role, layer, role, false));
      }
    }
    return AnalysisSubject.of(
        checkpoint,
        FakeStructure.of(
            new ModelDimensions(layers, WIDTH, 2, 2, WIDTH),
            new BalanceTraits(Rotary.NONE, 0, false, mlp),
            matrices));
  }

  private static ConflictReport analyze(Mlp mlp, double[][] base, double[][] one, double[][] other)
      throws Exception {
    try (MemoryCheckpoint origin = model(base);
        MemoryCheckpoint first = model(one);
        MemoryCheckpoint second = model(other)) {
      return ConflictAnalyzer.analyze(
          subject(origin, base.length, mlp),
          List.of(
              new Term(subject(first, base.length, mlp), 0.5),
              new Term(subject(second, base.length, mlp), 0.5)),
          ConflictRequest.everything(),
          ProgressListener.NONE);
    }
  }

  private static void holds(List<MeasureValue> values, double expected, String key, int task) {
    assertThat(values)
        .filteredOn(value -> value.measure().key().equals(key) && value.first().orElse(-1) == task)
        .as(key)
        .singleElement()
        .satisfies(value -> assertThat(value.value()).isCloseTo(expected, within(ROUNDING)));
  }

  @Test
  void balancedBaseDriftsAsItsFactorsGrowApart() throws Exception {
    double[][] base = {{1, 1, 1, 1, 1, 1}};
    double[][] longerQueries = {{2, 1, 1, 1, 1, 1}};
    double[][] still = {{1, 1, 1, 1, 1, 1}};
    ConflictReport report = analyze(Mlp.HOMOGENEOUS, base, longerQueries, still);
    List<MeasureValue> values = report.layers().getFirst().values();
    holds(values, 0, "baseImbalance", -1);
    // Gram matrices 4 I and I: |3 I| over the mean of |4 I| and |I|; VP and the MLP are balanced
    holds(values, (3 / 2.5) / 3, "balanceDrift", 0);
    holds(values, 0, "balanceDrift", 1);
    // the mean of the models has queries of 1.5
    holds(values, (1.25 / 1.625) / 3, "balanceDriftOfSum", -1);
    holds(report.model().values(), (3 / 2.5) / 3, "balanceDrift", 0);
    // a smooth activation leaves the MLP without an identity
    ConflictReport smooth = analyze(Mlp.SMOOTH, base, longerQueries, still);
    holds(smooth.model().values(), (3 / 2.5) / 2, "balanceDrift", 0);
  }

  @Test
  void normSpreadIsTheVariationOfNormsInTheGroup() throws Exception {
    // |QKV| of a layer is sqrt(3) of that of Q, K and V: made equal to the others by 1/sqrt(3)
    double q = 1 / Math.sqrt(3);
    double[][] base = {{q, q, q, 1, 1, 1}, {q, q, q, 1, 1, 1}};
    double[][] one = {{q, q, q, 1, 1, 1}, {q, q, q, 3, 1, 1}};
    ConflictReport report = analyze(Mlp.UNKNOWN, base, one, base);
    List<MeasureValue> model = report.model().values();
    holds(model, 0, "baseNormSpread", -1);
    // seven norms of 1 and one of 3: mean 1.25, deviation sqrt(7)/4
    holds(model, Math.sqrt(7) / 4 / 1.25, "normSpreadDrift", 0);
    holds(model, 0, "normSpreadDrift", 1);
    // merged, it is 2: mean 1.125, deviation sqrt(7)/8
    holds(model, Math.sqrt(7) / 8 / 1.125, "normSpreadDriftOfSum", -1);
    holds(report.layers().getFirst().values(), 0, "normSpreadDrift", 0);
    // O alone over the layers: 1 and 3
    holds(
        report.roles().stream()
            .filter(group -> group.role().equals(java.util.Optional.of(Role.O)))
            .findFirst()
            .orElseThrow()
            .values(),
        0.5,
        "normSpreadDrift",
        0);
  }
}
