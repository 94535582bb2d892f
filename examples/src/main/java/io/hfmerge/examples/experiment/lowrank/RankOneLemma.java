package io.hfmerge.examples.experiment.lowrank;

import io.hfmerge.examples.experiment.Claim;
import io.hfmerge.examples.experiment.Experiment;
import io.hfmerge.examples.experiment.Figure;
import io.hfmerge.examples.experiment.Finding;
import io.hfmerge.examples.experiment.Lab;
import io.hfmerge.examples.experiment.Measurements;
import io.hfmerge.examples.experiment.Numbers;
import io.hfmerge.examples.experiment.Outcome;
import io.hfmerge.examples.experiment.train.Mlp;
import io.hfmerge.examples.experiment.train.Spectra;
import java.io.IOException;
import java.util.List;

/**
 * Lemma 1 of arXiv:2502.17340: at a stationary point of a deep linear network with weight decay all
 * hidden matrices have rank one. Three and four layers of width 16, 60 points in 20 dimensions.
 */
public final class RankOneLemma implements Experiment {

  static final String RATIO = "second over first singular value";
  static final String RANK = "rank";
  private static final String GRADIENT = "relative gradient norm";
  private static final String FIRST = "first singular value";

  /** A singular value below this share of the first counts as 0. */
  static final double RANK_TOLERANCE = 1e-4;

  /** How small the gradient of the regularised loss must be, relative to λ‖θ‖. */
  private static final double STATIONARY = 1e-4;

  @Override
  public String name() {
    return "lemma-1";
  }

  @Override
  public String summary() {
    return "Stationary deep linear networks with weight decay have matrices of rank 1 (P1).";
  }

  @Override
  public Claim claim() {
    return new Claim(
        "arXiv:2502.17340, Lemma 1",
        "At a non-zero stationary point of the regularised loss of a deep linear network, W_1 to"
            + " W_{K−1} have rank 1.",
        "Gradient descent comes to ‖∇L_λ‖ ≤ 1e-4 λ‖θ‖ with σ₁ > 1e-3, and there every hidden"
            + " matrix has σ₂ ≤ 1e-4 σ₁.",
        "A second singular value above that at a point whose gradient is as small.");
  }

  @Override
  public Outcome run(Lab lab) throws IOException {
    double[] decays = lab.values(new double[] {0.01}, new double[] {0.003, 0.01, 0.02});
    int repeats = lab.repeats(1, 10);
    int[] depths = {3, 4};
    Lab.Cells cells = new Lab.Cells();
    for (int depth : depths) {
      Mlp network = new Mlp(depth == 3 ? List.of(20, 16, 16, 1) : List.of(20, 16, 16, 16, 1), 0);
      for (double decay : decays) {
        for (int repeat = 0; repeat < repeats; repeat++) {
          int r = repeat;
          String stream = "lemma-1 %d %d".formatted(depth, repeat);
          cells.add(
              "K %d decay %s repeat %d".formatted(depth, Numbers.exact(decay), repeat),
              cell ->
                  new Stationary(network, 1.2, 0.5, decay, lab.steps(Math.round(16 / decay / 0.5)))
                      .run(
                          lab,
                          cell,
                          stream,
                          Stationary.task(lab, stream, 60, 20),
                          point -> {
                            String group = "K = " + depth;
                            cell.record(GRADIENT, group, decay, r, point.gradient());
                            for (int k = 0; k < network.layers() - 1; k++) {
                              double[] values = point.spectra().get(k);
                              String layer = group + ", W" + (k + 1);
                              cell.record(RATIO, layer, decay, r, values[1] / values[0]);
                              cell.record(
                                  RANK,
                                  layer,
                                  decay,
                                  r,
                                  Spectra.epsilonRank(values, RANK_TOLERANCE));
                              cell.record(FIRST, layer, decay, r, values[0]);
                            }
                          }));
        }
      }
    }
    Measurements measured = lab.run(cells);
    double gradient = measured.largest(GRADIENT);
    double smallest = measured.values(FIRST).stream().reduce(Math::min).orElse(Double.NaN);
    double ratio = measured.largest(RATIO);
    return new Outcome(
        List.of(
            new Finding(
                "a non-zero stationary point is reached",
                gradient <= STATIONARY && smallest > Stationary.COLLAPSED,
                "‖∇L_λ‖/λ‖θ‖ at most %s, σ₁ at least %s"
                    .formatted(Numbers.brief(gradient), Numbers.brief(smallest))),
            new Finding(
                "all hidden matrices have rank 1",
                ratio <= RANK_TOLERANCE,
                "σ₂/σ₁ at most %s in %d matrices, ranks at most %s"
                    .formatted(
                        Numbers.brief(ratio),
                        measured.values(RATIO).size(),
                        Numbers.exact(measured.largest(RANK))))),
        List.of(new Figure(RATIO, "σ₂/σ₁ at the end", "weight decay λ", "σ₂/σ₁", true, true)));
  }
}
