package io.hfmerge.examples.experiment.generalization;

import io.hfmerge.examples.experiment.Cell;
import io.hfmerge.examples.experiment.Claim;
import io.hfmerge.examples.experiment.Experiment;
import io.hfmerge.examples.experiment.Figure;
import io.hfmerge.examples.experiment.Finding;
import io.hfmerge.examples.experiment.Lab;
import io.hfmerge.examples.experiment.Measurements;
import io.hfmerge.examples.experiment.Numbers;
import io.hfmerge.examples.experiment.Outcome;
import io.hfmerge.examples.experiment.Statistics;
import io.hfmerge.examples.experiment.data.HousingData;
import io.hfmerge.examples.experiment.train.Spectra;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * arXiv:2410.02176: the hidden matrix of a two-layer ReLU network under mini-batch SGD with weight
 * decay ends near rank two. Regression on eight features (California housing, or synthetic) and
 * classification of points on a sphere, where the paper has MNIST.
 */
public final class RankTwo implements Experiment {

  static final String DISTANCE = "relative distance to rank two";
  private static final String LOSS = "test loss";

  @Override
  public String name() {
    return "rank-two";
  }

  @Override
  public String summary() {
    return "The hidden matrix of two-layer networks ends near rank two (P4).";
  }

  @Override
  public Claim claim() {
    return new Claim(
        "arXiv:2410.02176 (summary)",
        "SGD with weight decay and mini-batches leads to a hidden matrix of approximately rank two,"
            + " the more so the larger λ.",
        "For regression and classification: the relative Frobenius distance of W_1 to its best"
            + " rank-two matrix is at most 0.15 at the largest λ at which the network is not zero,"
            + " and Spearman's correlation of λ and the mean distance is -0.8 or less.",
        "A distance that stays, or grows with λ.");
  }

  @Override
  public Optional<String> data() {
    return Optional.of(HousingData.PUBLISHED);
  }

  @Override
  public Outcome run(Lab lab) throws IOException {
    double[] decays =
        lab.values(new double[] {0, 0.01, 0.03}, new double[] {0, 1e-3, 3e-3, 0.01, 0.03, 0.06});
    int count = lab.size(256, 2000);
    long steps = lab.steps(3000, 30_000);
    int width = lab.size(32, 100);
    int repeats = lab.repeats(1, 3);
    Lab.Cells cells = new Lab.Cells();
    for (boolean classification : new boolean[] {false, true}) {
      String group = classification ? "classification" : "regression";
      for (double decay : decays) {
        for (int repeat = 0; repeat < repeats; repeat++) {
          int r = repeat;
          List<TwoLayerRun.Problem> problems =
              TwoLayerRun.problem(lab, classification, repeat, count, 500);
          cells.add(
              "%s decay %s repeat %d".formatted(group, Numbers.exact(decay), repeat),
              cell ->
                  new TwoLayerRun(width, 32, 0.1, decay, steps)
                      .run(
                          lab,
                          cell,
                          "rank-two " + group + " " + r,
                          problems.get(0),
                          problems.get(1),
                          end -> record(cell, group, decay, r, end)));
        }
      }
    }
    lab.note(
        "Width %d, %d rows, %d steps of 32 rows with a step size from 0.1. The paper classifies MNIST; here it is points on a sphere."
            .formatted(width, count, steps));
    Measurements measured = lab.run(cells);
    List<Finding> findings = new ArrayList<>();
    for (String group : measured.groups(DISTANCE)) {
      List<Double> places = measured.places(DISTANCE, group);
      Statistics first = measured.at(DISTANCE, group, places.getFirst());
      Statistics last = measured.at(DISTANCE, group, places.getLast());
      double correlation = Statistics.rankCorrelation(places, measured.means(DISTANCE, group));
      findings.add(
          new Finding(
              group,
              last.mean() <= 0.15 && correlation <= -0.8,
              "distance %s at λ = %s, %s at λ = %s, rank correlation %s"
                  .formatted(
                      first.text(),
                      Numbers.exact(places.getFirst()),
                      last.text(),
                      Numbers.exact(places.getLast()),
                      Numbers.brief(correlation))));
    }
    return new Outcome(
        findings,
        List.of(
            new Figure(DISTANCE, "‖W − W₂‖_F/‖W‖_F", "weight decay λ", "distance", true, false),
            new Figure(LOSS, "Test loss", "weight decay λ", "loss", true, false)));
  }

  private static void record(
      Cell cell, String group, double decay, int repeat, TwoLayerRun.End end) {
    cell.record(LOSS, group, decay, repeat, end.testLoss());
    if (end.spectrum()[0] > 1e-3) { // the zero network has no direction
      cell.record(DISTANCE, group, decay, repeat, Spectra.distanceToRank(end.spectrum(), 2));
    }
  }
}
