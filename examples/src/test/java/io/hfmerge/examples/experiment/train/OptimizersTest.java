package io.hfmerge.examples.experiment.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.junit.jupiter.api.Test;

/** Steps on ½ Σ c w², whose gradient is c w, against the published formulas in plain Java. */
class OptimizersTest {

  private static final double[] CURVATURE = {1, 3};
  private static final int STEPS = 25;
  private static final double RATE = 0.05;
  private static final double DECAY = 0.2;

  private static double[] train(Optimizer optimizer) {
    try (Parameters parameters = new Parameters(Device.cpu(), DataType.FLOAT64)) {
      var w = parameters.add(new double[] {1, -2}, new Shape(2));
      var c = parameters.constant(CURVATURE, new Shape(2));
      new Training(parameters, optimizer).advance(STEPS, step -> w.square().mul(c).sum().mul(0.5));
      return Parameters.values(w);
    }
  }

  @Test
  void sgdDecaysWeightsAndKeepsMomentum() {
    for (double momentum : new double[] {0, 0.9}) {
      double[] w = {1, -2};
      double[] v = {0, 0};
      for (int t = 0; t < STEPS; t++) {
        for (int i = 0; i < 2; i++) {
          v[i] = momentum * v[i] + CURVATURE[i] * w[i] + DECAY * w[i];
          w[i] -= RATE * v[i];
        }
      }
      assertThat(train(new Sgd(step -> RATE, Decay.uniform(DECAY), momentum)))
          .containsExactly(w, within(1e-13));
    }
  }

  @Test
  void adamDecaysWeightsOrGradients() {
    for (AdamW.Kind kind : AdamW.Kind.values()) {
      double[] w = {1, -2};
      double[] m = {0, 0};
      double[] v = {0, 0};
      for (int t = 1; t <= STEPS; t++) {
        for (int i = 0; i < 2; i++) {
          double g = CURVATURE[i] * w[i] + (kind == AdamW.Kind.L2 ? DECAY * w[i] : 0);
          m[i] = 0.9 * m[i] + 0.1 * g;
          v[i] = 0.99 * v[i] + 0.01 * g * g;
          double step =
              m[i] / (1 - Math.pow(0.9, t)) / (Math.sqrt(v[i] / (1 - Math.pow(0.99, t))) + 1e-3);
          w[i] -= RATE * (step + (kind == AdamW.Kind.DECOUPLED ? DECAY * w[i] : 0));
        }
      }
      assertThat(train(new AdamW(s -> RATE, Decay.uniform(DECAY), 0.9, 0.99, 1e-3, kind)))
          .containsExactly(w, within(1e-12));
    }
  }

  @Test
  void gradientsOfTheLogisticLossAreThoseOfItsFormula() {
    try (Parameters parameters = new Parameters(Device.cpu(), DataType.FLOAT64)) {
      var w = parameters.add(new double[] {0.5, -1}, new Shape(1, 2));
      var x = parameters.constant(new double[] {1, 2, -3, 1}, new Shape(2, 2));
      var y = parameters.constant(new double[] {1, -1}, new Shape(2, 1));
      double[] gradient =
          Training.gradients(parameters, () -> Losses.logistic(x.matMul(w.transpose()), y))
              .getFirst();
      double[] expected = new double[2];
      double[][] rows = {{1, 2}, {-3, 1}};
      double[] signs = {1, -1};
      for (int i = 0; i < 2; i++) {
        double margin = signs[i] * (0.5 * rows[i][0] - rows[i][1]);
        for (int j = 0; j < 2; j++) {
          expected[j] -= signs[i] * rows[i][j] / (1 + Math.exp(margin)) / 2;
        }
      }
      assertThat(gradient).containsExactly(expected, within(1e-14));
    }
  }

  @Test
  void ranksFollowTheirDefinitions() {
    double[] values = {3, 1, 0.002};
    assertThat(Spectra.stableRank(values)).isCloseTo(Math.sqrt(9 + 1 + 4e-6) / 3, within(1e-15));
    assertThat(Spectra.epsilonRank(values, 1e-3)).isEqualTo(2);
    assertThat(Spectra.pseudoRank(values, 3)).isEqualTo(2.0 / 3);
    assertThat(Spectra.distanceToRank(values, 1))
        .isCloseTo(Math.sqrt(1.000004 / 10.000004), within(1e-12));
    double[] diverged = {Double.NaN, Double.NaN};
    assertThat(Spectra.epsilonRank(diverged, 1e-3)).isNaN();
    assertThat(Spectra.pseudoRank(diverged, 2)).isNaN();
  }
}
