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
import io.hfmerge.examples.experiment.Measurements;
import io.hfmerge.examples.experiment.Numbers;
import io.hfmerge.examples.experiment.Outcome;
import io.hfmerge.examples.experiment.Statistics;
import io.hfmerge.examples.experiment.data.Batches;
import io.hfmerge.examples.experiment.data.SphereTask;
import io.hfmerge.examples.experiment.train.Classifier;
import io.hfmerge.examples.experiment.train.Losses;
import io.hfmerge.examples.experiment.train.Mlp;
import io.hfmerge.examples.experiment.train.Parameters;
import io.hfmerge.examples.experiment.train.Schedule;
import io.hfmerge.examples.experiment.train.Sgd;
import io.hfmerge.examples.experiment.train.Spectra;
import io.hfmerge.examples.experiment.train.Training;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Figure 2 of arXiv:2502.17340: the average inverse stable rank grows with λ.
 *
 * <p>As in the paper: 1000 points from N(0, I) in 100 dimensions on the unit sphere, labels by the
 * sign of sin(10 wᵀx) and sin(100 wᵀx), two hidden ReLU layers of width 10, logistic loss, SGD with
 * weight decay, 5000 epochs. Our own choices, which the paper does not state: batches of 50, step
 * 0.5, weights from N(0, 2/inputs).
 */
public final class DecayRank implements Experiment {

  private static final String INVERSE = "average inverse stable rank";
  private static final String SMALLEST = "smallest spectral norm";

  /** A network whose matrices are smaller computes 0: the lemma speaks of non-zero ones only. */
  private static final double COLLAPSED = 1e-3;

  private static final int BATCH = 50;
  private static final double STEP = 0.5;

  /** Below this the means may go down between neighbours without breaking the order as a whole. */
  private static final double LEAST_CORRELATION = 0.8;

  @Override
  public String name() {
    return "decay-rank";
  }

  @Override
  public String summary() {
    return "The average inverse stable rank grows with weight decay (P1, Figure 2).";
  }

  @Override
  public Claim claim() {
    return new Claim(
        "arXiv:2502.17340, section 5, Figure 2",
        "The average inverse stable rank ‖W‖₂/‖W‖_F of the weight matrices grows with λ, even where"
            + " the network makes many errors.",
        "For both labelings, over those λ at which the network does not end at zero: Spearman's correlation of λ and the mean over repeats is at least 0.8,"
            + " and the mean at the largest λ exceeds that at the smallest by more than both"
            + " standard deviations together.",
        "An average inverse stable rank that stays where it is, or falls, as λ grows.");
  }

  @Override
  public Outcome run(Lab lab) throws IOException {
    double[] decays =
        lab.values(
            new double[] {1e-5, 3e-4, 1e-3}, new double[] {1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2});
    double[] scales = {10, 100};
    int repeats = lab.repeats(2, 5);
    int epochs = lab.steps(300, 5000);
    Lab.Cells cells = new Lab.Cells();
    for (double scale : scales) {
      for (double decay : decays) {
        for (int repeat = 0; repeat < repeats; repeat++) {
          int r = repeat;
          cells.add(
              "sin %s decay %s repeat %d"
                  .formatted(Numbers.exact(scale), Numbers.exact(decay), repeat),
              cell -> train(lab, cell, scale, decay, r, epochs));
        }
      }
    }
    lab.note(
        "%d points, %d epochs (paper: 1000 and 5000), batches of %d, step %s: the paper states"
                .formatted(count(lab), epochs, BATCH, Numbers.exact(STEP))
            + " neither batch nor step.");
    Measurements measured = lab.run(cells);
    List<Finding> findings = new ArrayList<>();
    for (double scale : scales) {
      findings.add(grows(measured, group(scale)));
    }
    return new Outcome(
        findings,
        List.of(
            figure(INVERSE, "Average inverse stable rank by weight decay"),
            figure("classification error", "Training error by weight decay"),
            figure("margin error", "Share of points with y f(x) < 1"),
            figure("average loss", "Training loss by weight decay")));
  }

  private static Figure figure(String metric, String title) {
    return new Figure(metric, title, "weight decay λ", metric, true, false);
  }

  private static int count(Lab lab) {
    return lab.size(500, 1000);
  }

  private static String group(double scale) {
    return "sin(" + Numbers.exact(scale) + " wᵀx)";
  }

  private static Finding grows(Measurements measured, String group) {
    List<Double> decays = measured.places(INVERSE, group);
    if (decays.size() < 2) {
      return new Finding("grows with λ for " + group, false, "networks end at zero for most λ");
    }
    double correlation = Statistics.rankCorrelation(decays, measured.means(INVERSE, group));
    Statistics low = measured.at(INVERSE, group, decays.getFirst());
    Statistics high = measured.at(INVERSE, group, decays.getLast());
    return new Finding(
        "grows with λ for " + group,
        correlation >= LEAST_CORRELATION
            && high.mean() - low.mean() > high.deviation() + low.deviation(),
        "%s at λ = %s, %s at λ = %s, rank correlation %s%s"
            .formatted(
                low.text(),
                Numbers.exact(decays.getFirst()),
                high.text(),
                Numbers.exact(decays.getLast()),
                Numbers.brief(correlation),
                measured.places(SMALLEST, group).size() > decays.size()
                    ? "; larger λ end at zero"
                    : ""));
  }

  private static void train(Lab lab, Cell cell, double scale, double decay, int repeat, int epochs)
      throws IOException {
    int dimension = 100;
    int count = count(lab);
    Mlp network = new Mlp(List.of(dimension, 10, 10, 1), 1);
    // every λ starts from the same data and weights
    String stream = name(scale, repeat);
    try (Parameters parameters = new Parameters(lab.settings().device(), DataType.FLOAT32)) {
      SphereTask task =
          SphereTask.draw(
              lab.random(stream + " data"),
              count,
              dimension,
              0,
              dimension,
              0,
              new SphereTask.Labeling(lab.random(stream + " labels"), dimension, scale));
      Classifier classifier = Classifier.of(parameters, task);
      network.initialise(parameters, lab.random(stream + " weights"), Math.sqrt(2));
      Batches batches = new Batches(count, BATCH, seed -> lab.random(stream + " epoch " + seed));
      new Training(parameters, new Sgd(STEP, decay))
          .run(
              cell,
              (long) epochs * batches.perEpoch(),
              Schedule.atEnd(),
              step -> {
                NDArray rows = parameters.integers(batches.at(step), new Shape(BATCH));
                NDArray x = classifier.inputs().get(rows);
                NDArray y = classifier.signs().get(rows);
                return Losses.logistic(network.output(parameters.all(), x), y);
              },
              step -> {
                double inverse = 0;
                double smallest = Double.POSITIVE_INFINITY;
                for (NDArray weights : parameters.all()) {
                  double[] values = Spectra.of(weights);
                  inverse += 1 / Spectra.stableRank(values) / network.layers();
                  smallest = Math.min(smallest, values[0]);
                }
                double[] margins = classifier.margins(network, parameters.all());
                String group = group(scale);
                cell.record(SMALLEST, group, decay, repeat, smallest);
                if (smallest > COLLAPSED) {
                  cell.record(INVERSE, group, decay, repeat, inverse);
                }
                cell.record(
                    "classification error",
                    group,
                    decay,
                    repeat,
                    Classifier.shareBelow(margins, 0));
                cell.record(
                    "margin error", group, decay, repeat, Classifier.shareBelow(margins, 1));
                cell.record("average loss", group, decay, repeat, Classifier.loss(margins));
              });
    }
  }

  private static String name(double scale, int repeat) {
    return "decay-rank " + Numbers.exact(scale) + " " + repeat;
  }
}
