package io.hfmerge.examples.experiment.lowrank;

import io.hfmerge.examples.experiment.Cell;
import io.hfmerge.examples.experiment.Claim;
import io.hfmerge.examples.experiment.Experiment;
import io.hfmerge.examples.experiment.Figure;
import io.hfmerge.examples.experiment.Finding;
import io.hfmerge.examples.experiment.Lab;
import io.hfmerge.examples.experiment.Measurements;
import io.hfmerge.examples.experiment.Numbers;
import io.hfmerge.examples.experiment.Outcome;
import io.hfmerge.examples.experiment.train.Spectra;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Lemma 2 of arXiv:2502.17340: at a stationary point λ‖W_k‖_F² = −H^{K−k}/n Σ ℓ'(y f) y f. Both
 * sides, per layer, for ReLU (H = 1) and its square (H = 2); networks 20-32-16-1, 60 points.
 *
 * <p>Away from stationarity the sides differ by ⟨∇_{W_k} L_λ, W_k⟩, so relative to the left side by
 * no more than ‖∇L_λ‖/(λ‖W_k‖).
 */
public final class NormPreservationLemma implements Experiment {

  private static final String LEFT = "left side";
  private static final String RIGHT = "right side";
  static final String DIFFERENCE = "relative difference of the sides";
  private static final String GRADIENT = "relative gradient norm";
  private static final double TOLERANCE = 0.01;

  /** How small the mean gradient must be, relative to λ‖θ‖. */
  private static final double STATIONARY = 0.1;

  @Override
  public String name() {
    return "lemma-2";
  }

  @Override
  public String summary() {
    return "Norms are preserved across layers at stationary points, for H = 1 and 2 (P1).";
  }

  @Override
  public Claim claim() {
    return new Claim(
        "arXiv:2502.17340, Lemma 2",
        "λ‖W_k‖_F² = −H^{K−k}/n Σ ℓ'(y f) y f at a stationary point, in every layer.",
        "Gradient descent comes to ‖∇L_λ‖ ≤ 0.1 λ‖θ‖ without ending at zero, and there the sides"
            + " differ by at most 1 % in every layer, for H = 1 and 2.",
        "A larger difference at a gradient as small.");
  }

  @Override
  public Outcome run(Lab lab) throws IOException {
    double[] decays = lab.values(new double[] {1e-2}, new double[] {1e-3, 3e-3, 1e-2});
    int repeats = lab.repeats(1, 10);
    Measurements measured =
        lab.run(Lemmas.trials(lab, name(), decays, repeats, NormPreservationLemma::record));
    List<Finding> findings = new ArrayList<>();
    for (int power : Lemmas.POWERS) {
      double gradient = measured.values(GRADIENT, "H = " + power).stream().reduce(0.0, Math::max);
      double difference = 0;
      int layers = 0;
      for (String group : measured.groups(DIFFERENCE)) {
        if (group.startsWith("H = " + power)) {
          layers += measured.values(DIFFERENCE, group).size();
          difference =
              Math.max(
                  difference, measured.values(DIFFERENCE, group).stream().reduce(0.0, Math::max));
        }
      }
      findings.add(
          new Finding(
              "both sides agree for H = " + power,
              gradient <= STATIONARY && layers > 0 && difference <= TOLERANCE,
              "differ by %s at most in %d layers of non-zero networks, ‖∇L_λ‖/λ‖θ‖ at most %s"
                  .formatted(Numbers.brief(difference), layers, Numbers.brief(gradient))));
    }
    return new Outcome(
        findings,
        List.of(
            new Figure(LEFT, "λ‖W_k‖²", "weight decay λ", "left side", true, true),
            new Figure(RIGHT, "−H^{K−k}/n Σ ℓ' y f", "weight decay λ", "right side", true, true),
            new Figure(DIFFERENCE, "Difference", "weight decay λ", "relative", true, true)));
  }

  private static void record(Cell cell, Lemmas.Trial trial) {
    double decay = trial.decay();
    Stationary.Point point = trial.point();
    for (int k = 1; k <= trial.layers(); k++) {
      String group = "H = %d, W%d".formatted(trial.power(), k);
      double norm = Spectra.frobenius(point.spectra().get(k - 1));
      double left = decay * norm * norm;
      double right = Math.pow(trial.power(), trial.layers() - k) * point.alignment();
      cell.record(LEFT, group, decay, trial.repeat(), left);
      cell.record(RIGHT, group, decay, trial.repeat(), right);
      if (point.isAlive()) {
        cell.record(DIFFERENCE, group, decay, trial.repeat(), Math.abs(left - right) / right);
      }
    }
    cell.record(GRADIENT, "H = " + trial.power(), decay, trial.repeat(), point.gradient());
  }
}
