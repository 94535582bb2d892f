package io.hfmerge.examples.experiment.lowrank;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.hfmerge.examples.experiment.Cell;
import io.hfmerge.examples.experiment.Claim;
import io.hfmerge.examples.experiment.Experiment;
import io.hfmerge.examples.experiment.Figure;
import io.hfmerge.examples.experiment.Finding;
import io.hfmerge.examples.experiment.Lab;
import io.hfmerge.examples.experiment.Measurement;
import io.hfmerge.examples.experiment.Measurements;
import io.hfmerge.examples.experiment.Numbers;
import io.hfmerge.examples.experiment.Outcome;
import io.hfmerge.examples.experiment.data.SphereTask;
import io.hfmerge.examples.experiment.train.Classifier;
import io.hfmerge.examples.experiment.train.Mlp;
import io.hfmerge.examples.experiment.train.Parameters;
import io.hfmerge.examples.experiment.train.Schedule;
import io.hfmerge.examples.experiment.train.Sgd;
import io.hfmerge.examples.experiment.train.Training;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Theorems 1 and 2 of arXiv:2502.17340: for deep linear networks under gradient flow from balanced
 * weights, W_{k+1}ᵀW_{k+1} = W_kW_kᵀ, with w the end-to-end vector,
 *
 * <pre>
 *   Theorem 2: |⟨w'(t), x⟩| ≤ |⟨w'(0), x⟩| A₁ e^{−λKt} + A₂ ε
 *   Theorem 1: |f_{θ+θ'}(x) − f_θ(x)| ≤ the same
 *   A₁ = exp(B^{2−2/K} (K−1)(1+λK) C / (2λK)),  B = ‖w(0)‖² + C/λ,  C = L(θ(0))
 *   A₂ = 2 B^{2−2/K} C A₁ (1 − e^{−λKt/2}) / (λK)
 * </pre>
 *
 * <p>Small steps stand for the flow. A balanced start with a last matrix of one row is of rank one:
 * W_k = s a_{k+1} a_kᵀ with unit vectors a_k. A₁ overflows f64 for small λ, so bounds are compared
 * by their logarithms.
 *
 * <p>Two remarks on the text. A₁ comes from e^{−at+b√t} ≤ e^{b²/(2a)} e^{−at/2}, so the proof gives
 * e^{−λKt/2} where theorem and abstract have e^{−λKt}; and the step from Theorem 2 to Theorem 1
 * does not speak of the products W'_K ⋯ W_1 x of matrices of both networks, which a sum of weights
 * has and which do not vanish with ε. Both theorems are therefore judged apart.
 */
public final class DeepLinearMergeTheorem implements Experiment {

  private static final int DIMENSION = 20;
  private static final int COUNT = 30;
  private static final int WIDTH = 16;
  private static final double STEP = 0.02;

  static final String VALUES = "values and bound, natural logarithm";
  static final String END_TO_END = "ln of end-to-end value over bound";
  static final String GAP = "ln of gap over bound";
  static final String HALF_RATE = "ln of end-to-end value over bound with half the rate";

  /** The discrete steps differ from the flow by a relative error of this order, η λ K t at most. */
  private static final double DISCRETISATION = 0.05;

  /** Values below this are rounding. */
  private static final double ROUNDING = 1e-13;

  /**
   * A setting.
   *
   * @param layers K
   * @param decay λ
   * @param time t at the end
   */
  private record Setting(int layers, double decay, double time) {
    String group() {
      return "K = %d, λ = %s".formatted(layers, Numbers.exact(decay));
    }
  }

  @Override
  public String name() {
    return "theorem-1";
  }

  @Override
  public String summary() {
    return "The bound on what a sum of deep linear networks loses, along gradient flow (P1).";
  }

  @Override
  public Claim claim() {
    return new Claim(
        "arXiv:2502.17340, Theorems 1 and 2",
        "Along gradient flow from balanced weights, the other network's output on x, and the gap of"
            + " the sum, stay below |f_{θ'(0)}(x)| A₁ e^{−λKt} + A₂ ε.",
        "Neither exceeds the bound by more than 5 % (what steps of 0.02 may differ from the flow) at"
            + " any point and measured time; judged apart for end-to-end value (Theorem 2), gap"
            + " (Theorem 1), small λ (0.01) and large λ (0.1).",
        "One point and time where the bound is exceeded.");
  }

  @Override
  public Outcome run(Lab lab) throws IOException {
    List<Setting> settings =
        lab.settings().quick()
            ? List.of(new Setting(2, 0.1, 240), new Setting(3, 0.01, 50))
            : List.of(
                new Setting(2, 0.01, 1000),
                new Setting(3, 0.01, 1000),
                new Setting(2, 0.05, 1000),
                new Setting(2, 0.1, 600));
    int repeats = lab.repeats(1, 5);
    Lab.Cells cells = new Lab.Cells();
    for (Setting setting : settings) {
      for (double leak : new double[] {0, 0.05}) {
        for (int repeat = 0; repeat < repeats; repeat++) {
          int r = repeat;
          cells.add(
              "%s leak %s repeat %d".formatted(setting.group(), Numbers.exact(leak), repeat),
              cell -> train(lab, cell, setting, leak, r));
        }
      }
    }
    lab.note(
        "Logarithms are natural; 0 is the bound. Values of rounding size (1e-13) are left out. The"
            + " bound's constant A₁ is e to the hundreds for λ = 0.01, so nothing can exceed it in a"
            + " reasonable time; λ = 0.1 is where the theorems say something.");
    Measurements measured = lab.run(cells);
    List<Finding> findings = new ArrayList<>();
    for (boolean small : new boolean[] {true, false}) {
      String where = small ? ", λ = 0.01" : ", λ ≥ 0.05";
      findings.add(finding(measured, "Theorem 2, end-to-end value" + where, END_TO_END, small));
      findings.add(finding(measured, "Theorem 1, gap of the sum" + where, GAP, small));
    }
    findings.add(
        finding(measured, "the proof's rate λK/2 instead, end-to-end, λ ≥ 0.05", HALF_RATE, false));
    return new Outcome(
        findings,
        List.of(
            new Figure(VALUES, "Means over points of logarithms", "t", "ln", false, false),
            new Figure(END_TO_END, "End-to-end value over bound", "t", "ln", false, false),
            new Figure(GAP, "Gap over bound", "t", "ln", false, false)));
  }

  static Finding finding(Measurements measured, String part, String metric, boolean small) {
    List<Measurement> some =
        measured.all().stream()
            .filter(m -> m.metric().equals(metric) && m.group().contains("λ = 0.01,") == small)
            .toList();
    Measurement worst =
        some.stream().max((a, b) -> Double.compare(a.value(), b.value())).orElseThrow();
    return new Finding(
        part,
        worst.value() <= DISCRETISATION,
        "ln(value/bound) at most %s, at %s, t = %s"
            .formatted(Numbers.brief(worst.value()), worst.group(), Numbers.brief(worst.x())));
  }

  private static void train(Lab lab, Cell cell, Setting setting, double leak, int repeat)
      throws IOException {
    String stream = "theorem-1 " + repeat;
    SphereTask first = task(lab, stream + " first", 0, leak);
    SphereTask second = task(lab, stream + " second", DIMENSION / 2, leak);
    double[] overlap = ShallowMergeLemma.overlap(first, second);
    int k = setting.layers();
    List<Integer> widths = new ArrayList<>();
    widths.add(DIMENSION);
    for (int i = 1; i < k; i++) {
      widths.add(WIDTH);
    }
    widths.add(1);
    Mlp network = new Mlp(widths, 0);
    String group = setting.group() + ", leak " + Numbers.exact(leak);
    long steps = lab.steps(Math.round(setting.time() / STEP));
    try (Parameters parameters = new Parameters(lab.settings().device(), DataType.FLOAT64)) {
      balanced(parameters, network, lab.random(stream + " weights"));
      balanced(parameters, network, lab.random(stream + " weights'"));
      List<NDArray> weights = parameters.all().subList(0, k);
      List<NDArray> other = parameters.all().subList(k, 2 * k);
      Classifier one = Classifier.of(parameters, first);
      Classifier two = Classifier.of(parameters, second);
      double[] initial = Parameters.values(network.output(other, one.inputs()).abs());
      Bound bound =
          new Bound(
              k, setting.decay(), Classifier.loss(two.margins(network, other)), normSquared(other));
      new Training(parameters, new Sgd(STEP, setting.decay()))
          .run(
              cell,
              steps,
              Schedule.every(steps / 50),
              step -> one.loss(network, weights).add(two.loss(network, other)),
              step -> {
                double time = step * STEP;
                NDArray mine = network.output(weights, one.inputs());
                double[] ends = Parameters.values(network.output(other, one.inputs()).abs());
                List<NDArray> sum = new ArrayList<>();
                for (int i = 0; i < k; i++) {
                  sum.add(weights.get(i).add(other.get(i)));
                }
                double[] gaps =
                    Parameters.values(network.output(sum, one.inputs()).sub(mine).abs());
                Worst end = new Worst();
                Worst gap = new Worst();
                Worst half = new Worst();
                double[] means = new double[3];
                for (int i = 0; i < COUNT; i++) {
                  double ln = bound.ln(initial[i], overlap[i], time, 1);
                  end.add(ends[i], ln);
                  gap.add(gaps[i], ln);
                  half.add(ends[i], bound.ln(initial[i], overlap[i], time, 0.5));
                  means[0] += Math.log(Math.max(ROUNDING, ends[i])) / COUNT;
                  means[1] += Math.log(Math.max(ROUNDING, gaps[i])) / COUNT;
                  means[2] += ln / COUNT;
                }
                cell.record(VALUES, group + ": end-to-end", time, repeat, means[0]);
                cell.record(VALUES, group + ": gap", time, repeat, means[1]);
                cell.record(VALUES, group + ": bound", time, repeat, means[2]);
                end.record(cell, END_TO_END, group, time, repeat);
                gap.record(cell, GAP, group, time, repeat);
                half.record(cell, HALF_RATE, group, time, repeat);
              });
    }
  }

  /** The largest logarithm of value over bound among values that are not rounding. */
  private static final class Worst {
    private double worst = Double.NEGATIVE_INFINITY;

    void add(double value, double lnBound) {
      if (value > ROUNDING) {
        worst = Math.max(worst, Math.log(value) - lnBound);
      }
    }

    void record(Cell cell, String metric, String group, double time, int repeat) {
      if (worst > Double.NEGATIVE_INFINITY) {
        cell.record(metric, group, time, repeat, worst);
      }
    }
  }

  /** The right side of the theorems, by its logarithm. */
  record Bound(int layers, double decay, double loss, double normSquared) {

    /**
     * {@code ln(|f_0| A₁ e^{−r λ K t} + A₂ ε)}.
     *
     * @param rate r: 1 in the theorem, 1/2 in its proof
     */
    double ln(double initial, double epsilon, double time, double rate) {
      double lk = decay * layers;
      double power = Math.pow(normSquared + loss / decay, 2 - 2.0 / layers);
      double lnA1 = power * (layers - 1) * (1 + lk) * loss / (2 * lk);
      double first = Math.log(initial) + lnA1 - rate * lk * time;
      double second =
          Math.log(2 * power * loss * epsilon * -Math.expm1(-lk * time / 2) / lk) + lnA1;
      double larger = Math.max(first, second);
      return larger + Math.log(Math.exp(first - larger) + Math.exp(second - larger));
    }
  }

  /** W_k = s a_{k+1} a_kᵀ with unit a_k; s = 1. */
  private static void balanced(Parameters parameters, Mlp network, RandomGenerator random) {
    double[] right = unit(random, DIMENSION);
    for (int i = 0; i < network.layers(); i++) {
      boolean last = i == network.layers() - 1;
      double[] left = last ? new double[] {1} : unit(random, WIDTH);
      double[] matrix = new double[left.length * right.length];
      for (int a = 0; a < left.length; a++) {
        for (int b = 0; b < right.length; b++) {
          matrix[a * right.length + b] = left[a] * right[b];
        }
      }
      parameters.add(matrix, new Shape(left.length, right.length));
      right = left;
    }
  }

  private static double[] unit(RandomGenerator random, int size) {
    double[] values = Parameters.normal(random, 1, size);
    double norm = 0;
    for (double value : values) {
      norm += value * value;
    }
    for (int i = 0; i < size; i++) {
      values[i] /= Math.sqrt(norm);
    }
    return values;
  }

  /** ‖w‖² of the end-to-end vector. */
  private static double normSquared(List<NDArray> weights) {
    NDArray product = weights.getLast();
    for (int i = weights.size() - 2; i >= 0; i--) {
      product = product.matMul(weights.get(i));
    }
    return Parameters.values(product.square().sum())[0];
  }

  private static SphereTask task(Lab lab, String stream, int from, double leak) {
    return SphereTask.draw(
        lab.random(stream + " data"),
        COUNT,
        DIMENSION,
        from,
        from + DIMENSION / 2,
        leak,
        new SphereTask.Labeling(lab.random(stream + " labels"), DIMENSION, 1));
  }
}
