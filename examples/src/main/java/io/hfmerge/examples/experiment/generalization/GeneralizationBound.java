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
import java.io.IOException;
import java.util.List;

/**
 * The two bounds of arXiv:2410.02176 beside the measured gap of test and training loss: √(mn ln m
 * ln N / N) for a hidden matrix of any rank, √((m+n) ln m ln N)/N for one of approximate rank two;
 * m the width, n the inputs, N the sample. Both are orders of magnitude without constants, so what
 * can be judged is how they and the gap change with N.
 */
public final class GeneralizationBound implements Experiment {

  private static final String GAP = "gap and bounds";

  @Override
  public String name() {
    return "generalization-bound";
  }

  @Override
  public String summary() {
    return "Generalisation bounds for any rank and for rank two, beside the measured gap (P4).";
  }

  @Override
  public Claim claim() {
    return new Claim(
        "arXiv:2410.02176 (summary)",
        "The error bound improves from O(√(mn ln m ln N / N)) to O(√((m+n) ln m ln N)/N) for networks"
            + " that weight decay makes rank two; larger decay generalises better.",
        "The measured gap (with decay) times a constant, fitted at the smallest N, stays below the"
            + " first bound's curve at every N; and the gap with decay is below that without at"
            + " the smallest N. Whether it also stays below the second curve is judged apart.",
        "A gap that falls more slowly with N than a bound, or decay that widens it.");
  }

  @Override
  public Outcome run(Lab lab) throws IOException {
    double[] counts =
        lab.values(new double[] {64, 128, 256}, new double[] {128, 256, 512, 1024, 2048});
    long steps = lab.steps(2500, 20_000);
    int width = lab.size(32, 100);
    int repeats = lab.repeats(1, 5);
    double decay = 0.01;
    Lab.Cells cells = new Lab.Cells();
    for (double count : counts) {
      for (double lambda : new double[] {0, decay}) {
        for (int repeat = 0; repeat < repeats; repeat++) {
          int r = repeat;
          List<TwoLayerRun.Problem> problems =
              TwoLayerRun.problem(lab, true, repeat, (int) count, 4000);
          cells.add(
              "N %s decay %s repeat %d"
                  .formatted(Numbers.exact(count), Numbers.exact(lambda), repeat),
              cell ->
                  new TwoLayerRun(width, 32, 0.1, lambda, steps)
                      .run(
                          lab,
                          cell,
                          "generalization " + r,
                          problems.get(0),
                          problems.get(1),
                          end -> record(cell, count, lambda, r, width, end)));
        }
      }
    }
    Measurements measured = lab.run(cells);
    double without = measured.at(GAP, group(0), counts[0]).mean();
    Statistics with = measured.at(GAP, group(decay), counts[0]);
    return new Outcome(
        List.of(
            below(measured, counts, decay, "bound, any rank"),
            below(measured, counts, decay, "bound, rank two"),
            new Finding(
                "decay narrows the gap",
                with.mean() < without,
                "at N = %s: %s with decay, %s without"
                    .formatted(Numbers.exact(counts[0]), with.text(), Numbers.brief(without)))),
        List.of(new Figure(GAP, "Gap and bounds (no constants)", "N", "loss", true, true)));
  }

  private static String group(double decay) {
    return "gap, λ = " + Numbers.exact(decay);
  }

  private static Finding below(Measurements measured, double[] counts, double decay, String bound) {
    double constant =
        measured.at(GAP, group(decay), counts[0]).mean()
            / measured.at(GAP, bound, counts[0]).mean();
    double worst = 0;
    for (double count : counts) {
      worst =
          Math.max(
              worst,
              measured.at(GAP, group(decay), count).mean()
                  / (constant * measured.at(GAP, bound, count).mean()));
    }
    return new Finding(
        "the gap falls at least as the " + bound,
        worst <= 1 + 1e-9,
        "gap over fitted bound at most %s (1 at the smallest N)".formatted(Numbers.brief(worst)));
  }

  private static void record(
      Cell cell, double count, double decay, int repeat, int width, TwoLayerRun.End end) {
    int inputs = 21;
    double logs = Math.log(width) * Math.log(count);
    cell.record(GAP, group(decay), count, repeat, end.testLoss() - end.trainLoss());
    cell.record("held-out error", "λ = " + Numbers.exact(decay), count, repeat, end.testError());
    cell.record(GAP, "bound, any rank", count, repeat, Math.sqrt(width * inputs * logs / count));
    cell.record(GAP, "bound, rank two", count, repeat, Math.sqrt((width + inputs) * logs) / count);
  }
}
