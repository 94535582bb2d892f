package io.hfmerge.examples.experiment.lowrank;

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
import io.hfmerge.examples.experiment.train.Spectra;
import java.io.IOException;
import java.util.List;

/**
 * Lemma 3 of arXiv:2502.17340: Σ_k (H^{K−k})^{3/2}/Z ‖W_k‖₂/‖W_k‖_F ≥ √λ L(θ)^{−p}.
 *
 * <p>The statement has p = 1/4 + 1/(2H), the proof ends with p = 1/4 + 1/(2Z), Z = Σ_k H^{K−k}.
 * Both are evaluated, over a sweep of λ, for H = 1 and 2; networks 20-32-16-1, 60 points.
 */
public final class LowRankLemma implements Experiment {

  private static final String SIDES = "sides of the inequality";
  static final String STATED = "left over right side, exponent of the statement";
  static final String PROVED = "left over right side, exponent of the proof";
  private static final String GRADIENT = "relative gradient norm";

  /** Larger gradients are not stationary points. */
  private static final double STATIONARY = 0.1;

  @Override
  public String name() {
    return "lemma-3";
  }

  @Override
  public String summary() {
    return "The lower bound on weighted inverse stable ranks, with the exponents of statement and"
        + " proof (P1).";
  }

  @Override
  public Claim claim() {
    return new Claim(
        "arXiv:2502.17340, Lemma 3",
        "Σ_k (H^{K−k})^{3/2}/Z ‖W_k‖₂/‖W_k‖_F ≥ √λ L(θ)^{−p} at non-zero stationary points; the"
            + " statement has p = 1/4 + 1/(2H), its proof ends with p = 1/4 + 1/(2Z).",
        "Left over right side is at least 1 at every non-zero point with ‖∇L_λ‖ ≤ 0.1 λ‖θ‖; judged"
            + " for either exponent.",
        "One point where the left side is smaller.");
  }

  @Override
  public Outcome run(Lab lab) throws IOException {
    double[] decays = lab.values(new double[] {1e-2}, new double[] {3e-4, 1e-3, 3e-3, 1e-2, 2e-2});
    int repeats = lab.repeats(1, 5);
    Measurements measured =
        lab.run(Lemmas.trials(lab, name(), decays, repeats, LowRankLemma::record));
    return new Outcome(
        List.of(
            finding(measured, "the exponent of the statement, 1/4 + 1/(2H)", STATED),
            finding(measured, "the exponent of the proof, 1/4 + 1/(2Z)", PROVED)),
        List.of(
            new Figure(SIDES, "Sides of Lemma 3", "weight decay λ", "value", true, true),
            new Figure(STATED, "Left over stated bound", "weight decay λ", "ratio", true, true),
            new Figure(PROVED, "Left over proved bound", "weight decay λ", "ratio", true, true)));
  }

  private static void record(Cell cell, Lemmas.Trial trial) {
    String group = "H = " + trial.power();
    double decay = trial.decay();
    int repeat = trial.repeat();
    Stationary.Point point = trial.point();
    cell.record(GRADIENT, group, decay, repeat, point.gradient());
    if (!point.isAlive() || !(point.gradient() <= STATIONARY)) {
      return;
    }
    double z = 0;
    double left = 0;
    for (int k = 1; k <= trial.layers(); k++) {
      double h = Math.pow(trial.power(), trial.layers() - k);
      z += h;
      left += Math.pow(h, 1.5) / Spectra.stableRank(point.spectra().get(k - 1));
    }
    left /= z;
    double stated = bound(decay, point.loss(), 0.25 + 0.5 / trial.power());
    double proved = bound(decay, point.loss(), 0.25 + 0.5 / z);
    cell.record(SIDES, group + ", left", decay, repeat, left);
    cell.record(SIDES, group + ", stated bound", decay, repeat, stated);
    cell.record(SIDES, group + ", proved bound", decay, repeat, proved);
    cell.record(STATED, group, decay, repeat, left / stated);
    cell.record(PROVED, group, decay, repeat, left / proved);
  }

  private static double bound(double decay, double loss, double exponent) {
    return Math.sqrt(decay) * Math.pow(loss, -exponent);
  }

  private static Finding finding(Measurements measured, String part, String metric) {
    List<Measurement> all = measured.all().stream().filter(m -> m.metric().equals(metric)).toList();
    long broken = all.stream().filter(m -> !(m.value() >= 1)).count();
    double smallest = measured.values(metric).stream().reduce(Math::min).orElse(Double.NaN);
    String where =
        all.stream()
            .filter(m -> m.value() == smallest)
            .findFirst()
            .map(m -> m.group() + ", λ = " + Numbers.exact(m.x()))
            .orElse("nowhere");
    return new Finding(
        part,
        !all.isEmpty() && broken == 0,
        "broken at %d of %d stationary points; left over right is %s at least, at %s"
            .formatted(broken, all.size(), Numbers.brief(smallest), where));
  }
}
