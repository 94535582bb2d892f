package io.hfmerge.examples.experiment.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.hfmerge.examples.experiment.Cell;
import io.hfmerge.examples.experiment.Claim;
import io.hfmerge.examples.experiment.Experiment;
import io.hfmerge.examples.experiment.Figure;
import io.hfmerge.examples.experiment.Finding;
import io.hfmerge.examples.experiment.Lab;
import io.hfmerge.examples.experiment.Measurements;
import io.hfmerge.examples.experiment.Numbers;
import io.hfmerge.examples.experiment.Outcome;
import io.hfmerge.examples.experiment.train.AdamW;
import io.hfmerge.examples.experiment.train.Decay;
import io.hfmerge.examples.experiment.train.Parameters;
import io.hfmerge.examples.experiment.train.Schedule;
import io.hfmerge.examples.experiment.train.Training;
import io.hfmerge.hf.djl.Scalars;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Figure 2 of arXiv:2410.23819: AdamW with decay λ and ε ends where Adam with L2 strength λε ends.
 * The loss is the squared distance of (w₁, w₂) to the line w₁ + 2 w₂ = 2, with w direct or as
 * products aᵢbᵢ; the paper does not say what its surface is.
 *
 * <p>At rest AdamW has λw = −g/(|g| + ε), Adam with L2 strength μ has μw = −g: the same for μ = λε
 * up to |g|/ε = λ|w|/(1 − λ|w|).
 */
public final class AdamEquivalence implements Experiment {

  private record Setting(double decay, double epsilon) {}

  @Override
  public String name() {
    return "adamw-toy";
  }

  @Override
  public String summary() {
    return "AdamW with decay λ and ε ends where Adam with L2 strength λε ends (P3, Figure 2).";
  }

  @Override
  public Claim claim() {
    return new Claim(
        "arXiv:2410.23819, section 3.5, Figure 2",
        "AdamW with decoupled decay λ ends where Adam with L2 strength λε ends; near the point of"
            + " least L2 norm on the surface if w is direct, of least L1 norm if w is a product.",
        "The ends are within 0.02 of each other for every λ and ε, direct and as products; direct"
            + " ends are nearer to (0.4, 0.8), products nearer to (0, 1), within 0.1.",
        "Ends further apart than λ|w| explains, or products that do not go to the L1 point.");
  }

  @Override
  public Outcome run(Lab lab) throws IOException {
    List<Setting> settings =
        lab.settings().quick()
            ? List.of(new Setting(0.01, 1))
            : List.of(
                new Setting(0.01, 1),
                new Setting(0.01, 0.1),
                new Setting(0.005, 1),
                new Setting(0.02, 0.5));
    long steps = lab.steps(15_000, 60_000);
    int repeats = lab.repeats(1, 3);
    Lab.Cells cells = new Lab.Cells();
    for (boolean product : new boolean[] {false, true}) {
      for (Setting setting : settings) {
        for (AdamW.Kind kind : AdamW.Kind.values()) {
          for (int repeat = 0; repeat < repeats; repeat++) {
            int r = repeat;
            cells.add(
                "%s λ %s ε %s %s %d"
                    .formatted(product, setting.decay(), setting.epsilon(), kind, repeat),
                cell -> train(lab, cell, product, setting, kind, r, steps));
          }
        }
      }
    }
    Measurements measured = lab.run(cells);
    List<Finding> findings = new ArrayList<>();
    for (boolean product : new boolean[] {false, true}) {
      double apart = 0;
      double toL2 = 0;
      double toL1 = 0;
      for (Setting setting : settings) {
        for (int repeat = 0; repeat < repeats; repeat++) {
          double[] w = end(measured, product, setting, AdamW.Kind.DECOUPLED, repeat);
          double[] l2 = end(measured, product, setting, AdamW.Kind.L2, repeat);
          apart = Math.max(apart, Math.hypot(w[0] - l2[0], w[1] - l2[1]));
          toL2 = Math.max(toL2, Math.hypot(w[0] - 0.4, w[1] - 0.8));
          toL1 = Math.max(toL1, Math.hypot(w[0], w[1] - 1));
        }
      }
      String how = product ? "products" : "direct";
      findings.add(
          new Finding(
              how + ": AdamW and Adam with L2 end together",
              apart <= 0.02,
              "at most %s apart".formatted(Numbers.brief(apart))));
      findings.add(
          new Finding(
              how + ": the end is that of least " + (product ? "L1" : "L2") + " norm",
              product ? toL1 < toL2 && toL1 <= 0.1 : toL2 < toL1 && toL2 <= 0.1,
              "at most %s from the L2 point, %s from the L1 point"
                  .formatted(Numbers.brief(toL2), Numbers.brief(toL1))));
    }
    return new Outcome(
        findings, List.of(new Figure("w1", "w₁ by step", "step", "w₁", false, false)));
  }

  private static String group(boolean product, Setting setting, AdamW.Kind kind) {
    return "%s λ=%s ε=%s %s"
        .formatted(
            product ? "products" : "direct",
            Numbers.exact(setting.decay()),
            Numbers.exact(setting.epsilon()),
            kind == AdamW.Kind.L2 ? "L2" : "AdamW");
  }

  private static double[] end(
      Measurements measured, boolean product, Setting setting, AdamW.Kind kind, int repeat) {
    String group = group(product, setting, kind);
    return new double[] {
      measured.path("w1", group, repeat).getLast().value(),
      measured.path("w2", group, repeat).getLast().value()
    };
  }

  private static void train(
      Lab lab, Cell cell, boolean product, Setting setting, AdamW.Kind kind, int repeat, long steps)
      throws IOException {
    try (Parameters parameters = new Parameters(lab.settings().device(), DataType.FLOAT64)) {
      var random = lab.random("adamw-toy " + product + " " + repeat);
      double[] start = {random.nextDouble(0.6, 1.4), random.nextDouble(0.6, 1.4)};
      parameters.add(start, new Shape(2));
      if (product) {
        parameters.add(new double[] {0.9, 1.1}, new Shape(2));
      }
      NDArray normal = parameters.constant(new double[] {1, 2}, new Shape(2));
      double decay = kind == AdamW.Kind.L2 ? setting.decay() * setting.epsilon() : setting.decay();
      String group = group(product, setting, kind);
      new Training(
              parameters,
              new AdamW(step -> 0.05, Decay.uniform(decay), 0.9, 0.99, setting.epsilon(), kind))
          .run(
              cell,
              steps,
              Schedule.every(steps / 40),
              step -> {
                NDArray miss = point(parameters, product).mul(normal).sum().sub(2);
                return miss.square().div(Scalars.of(miss, 5));
              },
              step -> {
                double[] w = Parameters.values(point(parameters, product));
                cell.record("w1", group, step, repeat, w[0]);
                cell.record("w2", group, step, repeat, w[1]);
              });
    }
  }

  private static NDArray point(Parameters parameters, boolean product) {
    return product ? parameters.get(0).mul(parameters.get(1)) : parameters.get(0);
  }
}
