package io.hfmerge.examples.experiment.sgdrank;

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
import io.hfmerge.examples.experiment.data.Batches;
import io.hfmerge.examples.experiment.data.ImageData;
import io.hfmerge.examples.experiment.data.ImageSet;
import io.hfmerge.examples.experiment.train.Losses;
import io.hfmerge.examples.experiment.train.Parameters;
import io.hfmerge.examples.experiment.train.Sgd;
import io.hfmerge.examples.experiment.train.Spectra;
import io.hfmerge.examples.experiment.train.Training;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Lemma 3.2 and Theorem 3.3 of arXiv:2206.05794 along real training runs.
 *
 * <p>Lemma: for any n the distance of W_T/‖W_T‖₂ to the matrices of rank m_l B n, which is a
 * singular value by Eckart and Young, is at most (1 − 2μλ)^n ‖W_{T−n}‖₂/‖W_T‖₂. Theorem: in the end
 * the ε-rank is at most m_l B ln(2/ε)/(2μλ). Fully connected layers have m_l = 1. Here an MLP-BN in
 * f64, so that the left side is no rounding.
 */
public final class RankBound implements Experiment {

  static final String LEMMA = "distance to rank Bn over the lemma's bound";
  private static final String NORM = "spectral norm by step";
  private static final String RANKS = "measured rank and bound";
  static final String THEOREM = "measured rank over the theorem's bound";

  /** Singular values of f64 matrices carry this much rounding, relative to the largest. */
  private static final double ROUNDING = 1e-12;

  private static final int LOOK_BACK = 64;

  @Override
  public String name() {
    return "sgd-rank-bound";
  }

  @Override
  public String summary() {
    return "The bounds on distance to low rank, against measured ranks (P2, Lemma 3.2).";
  }

  @Override
  public Claim claim() {
    return new Claim(
        "arXiv:2206.05794, Lemma 3.2 and Theorem 3.3",
        "min over rank m_l B n of ‖W_T/‖W_T‖ − W̄‖ ≤ (1 − 2μλ)^n ‖W_{T−n}‖/‖W_T‖, so the ε-rank ends"
            + " below m_l B ln(2/ε)/(2μλ).",
        "Distance over bound is at most 1 (but for 1e-12 of rounding in the distance) for every"
            + " layer, every looked-at T and n = 1, 2, 4, ..., 64 with B n below the full rank; and"
            + " the measured rank (ε = 1e-3) is at most the theorem's bound. The second says little"
            + " where the bound exceeds the size of the matrix, which is reported.",
        "One layer, T and n where the distance is larger.");
  }

  @Override
  public Optional<String> data() {
    return Optional.of(ImageData.MNIST.published());
  }

  @Override
  public Outcome run(Lab lab) throws IOException {
    int images = lab.size(120, 500);
    int width = lab.size(40, 96);
    long steps = lab.steps(600, 8000);
    int repeats = lab.repeats(1, 3);
    double[] decays = lab.values(new double[] {0.02}, new double[] {0.005, 0.02, 0.05});
    ImageSet data = SgdRun.images(lab, ImageData.MNIST, images);
    Lab.Cells cells = new Lab.Cells();
    for (int batch : new int[] {2, 4}) {
      for (double decay : decays) {
        for (int repeat = 0; repeat < repeats; repeat++) {
          int r = repeat;
          cells.add(
              "B %d decay %s repeat %d".formatted(batch, Numbers.exact(decay), repeat),
              cell -> train(lab, cell, data, batch, decay, width, steps, r));
        }
      }
    }
    Measurements measured = lab.run(cells);
    double lemma = measured.largest(LEMMA);
    double theorem = measured.largest(THEOREM);
    return new Outcome(
        List.of(
            new Finding(
                "Lemma 3.2",
                lemma <= 1,
                "distance over bound at most %s in %d comparisons"
                    .formatted(Numbers.brief(lemma), measured.values(LEMMA).size())),
            new Finding(
                "Theorem 3.3",
                theorem <= 1,
                "measured rank over bound at most %s".formatted(Numbers.brief(theorem)))),
        List.of(
            new Figure(LEMMA, "Distance over bound, by n", "n", "ratio", true, true),
            new Figure(RANKS, "ε-rank and bound", "λ", "rank", true, true)));
  }

  private static void train(
      Lab lab, Cell cell, ImageSet data, int batch, double decay, int width, long steps, int repeat)
      throws IOException {
    double rate = 0.05;
    try (Parameters parameters = new Parameters(lab.settings().device(), DataType.FLOAT64)) {
      ImageNetwork network =
          ImageNetwork.mlp(
              parameters, lab.random("bound weights " + repeat), data.size(), 2, width);
      NDArray x = parameters.constant(data.values(), new Shape(data.count(), data.size()));
      NDArray y = parameters.constant(data.oneHot(10), new Shape(data.count(), 10));
      Batches batches =
          new Batches(
              data.count(), batch, epoch -> lab.random("bound " + repeat + " epoch " + epoch));
      long interval = Math.max(LOOK_BACK, steps / 6);
      new Training(parameters, new Sgd(rate, 2 * decay))
          .run(
              cell,
              steps,
              (step, last) ->
                  isCompared(last - step, interval) || isLookedBackTo(last - step, interval),
              step -> {
                NDArray rows = parameters.integers(batches.at(step), new Shape(batch));
                return Losses.crossEntropy(network.output(x.get(rows)), y.get(rows));
              },
              step -> {
                for (int l = 0; l < network.layers().size(); l++) {
                  double[] values = Spectra.of(network.layers().get(l).weights());
                  cell.record(NORM, group(batch, decay, l), step, repeat, values[0]);
                  if (isCompared(steps - step, interval)) {
                    compare(cell, values, batch, rate, step, decay, l, repeat);
                  }
                  if (step == steps) {
                    ranks(cell, values, batch, rate, decay, l, repeat);
                  }
                }
              });
    }
  }

  /** Whether the bound is looked at, by the number of steps to come: at the end, and before it. */
  private static boolean isCompared(long left, long interval) {
    return left % interval == 0;
  }

  /** Whether a comparison needs the norm of n = 1, 2, 4, ... steps before it. */
  private static boolean isLookedBackTo(long left, long interval) {
    long n = left % interval;
    return n <= LOOK_BACK && Long.bitCount(n) == 1;
  }

  private static void compare(
      Cell cell,
      double[] values,
      int batch,
      double rate,
      long step,
      double decay,
      int layer,
      int repeat) {
    String group = group(batch, decay, layer);
    for (int n = 1; n <= LOOK_BACK && batch * n < values.length; n *= 2) {
      OptionalDouble before = cell.recorded(NORM, group, step - n, repeat);
      if (before.isEmpty()) {
        continue; // before the first step
      }
      double distance = Math.max(0, values[batch * n] / values[0] - ROUNDING);
      double bound = Math.pow(1 - 2 * rate * decay, n) * before.getAsDouble() / values[0];
      cell.record(LEMMA, group, n, repeat, distance / bound);
    }
  }

  private static String group(int batch, double decay, int layer) {
    return "B = %d, λ = %s, W%d".formatted(batch, Numbers.exact(decay), layer + 1);
  }

  private static void ranks(
      Cell cell, double[] values, int batch, double rate, double decay, int layer, int repeat) {
    double rank = Spectra.epsilonRank(values, RankSweep.EPSILON);
    double bound = batch * Math.log(2 / RankSweep.EPSILON) / (2 * rate * decay);
    String group = "B = %d, W%d".formatted(batch, layer + 1);
    cell.record(RANKS, group + " measured", decay, repeat, rank);
    cell.record(RANKS, group + " bound", decay, repeat, bound);
    cell.record(THEOREM, group, decay, repeat, rank / bound);
  }
}
