package io.hfmerge.examples.experiment.sgdrank;

import io.hfmerge.examples.experiment.Claim;
import io.hfmerge.examples.experiment.Experiment;
import io.hfmerge.examples.experiment.Figure;
import io.hfmerge.examples.experiment.Finding;
import io.hfmerge.examples.experiment.Lab;
import io.hfmerge.examples.experiment.Measurements;
import io.hfmerge.examples.experiment.Numbers;
import io.hfmerge.examples.experiment.Outcome;
import io.hfmerge.examples.experiment.Statistics;
import io.hfmerge.examples.experiment.data.ImageData;
import io.hfmerge.examples.experiment.data.ImageSet;
import io.hfmerge.examples.experiment.train.Spectra;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Prediction 4.1 of arXiv:2206.05794 on MLP-BN-L-H: ranks fall with smaller batches, larger steps
 * and larger weight decay; momentum is swept beside them.
 *
 * <p>Rank is the number of singular values above 1e-3 of the largest, averaged over matrices. One
 * hyperparameter is varied at a time around B = 16, μ = 0.1, λ = 5e-3 (in the paper's λ‖W‖²), no
 * momentum. The paper uses 60,000 images and 500 epochs; the size here is in the notes.
 */
public final class RankSweep implements Experiment {

  static final String RANK = "average rank";
  static final String BY_EPOCH = "average rank by epoch, varying ";
  private static final String DECAY = "λ";
  static final String ACCURACY = "training accuracy";
  static final double EPSILON = 1e-3;

  private record Point(String axis, double x, SgdRun run) {}

  @Override
  public String name() {
    return "sgd-rank";
  }

  @Override
  public String summary() {
    return "Ranks under SGD by batch size, step, weight decay and momentum (P2, Figures 1 to 4).";
  }

  @Override
  public Claim claim() {
    return new Claim(
        "arXiv:2206.05794, Prediction 4.1",
        "The rank of weight matrices falls as the batch gets smaller, or step or weight decay"
            + " larger; without weight decay there is no bias to low rank.",
        "Spearman's correlation of the mean average rank with B is positive, with μ and λ negative"
            + " (0.5 or more in size), the rank at the end of each sweep differing by more than 1;"
            + " without decay the rank stays above 0.9 of what it was at the start. Momentum is"
            + " reported, not judged: the paper's theory has none.",
        "A rank that stays or moves the other way along a sweep, or falls without decay.");
  }

  @Override
  public Optional<String> data() {
    return Optional.of(ImageData.MNIST.published());
  }

  @Override
  public Outcome run(Lab lab) throws IOException {
    SgdRun.Scale scale =
        lab.settings().quick() ? new SgdRun.Scale(400, 2, 48) : new SgdRun.Scale(4000, 3, 128);
    int epochs = lab.steps(30, 100);
    int repeats = lab.repeats(1, 2);
    ImageSet images = SgdRun.images(lab, ImageData.MNIST, scale.images());
    List<Point> points = new ArrayList<>();
    double decay = lab.settings().quick() ? 0.03 : 5e-3;
    for (double lambda : new double[] {0, decay / 4, decay, decay * 4}) {
      points.add(new Point(DECAY, lambda, new SgdRun(16, 0.1, lambda, 0, epochs)));
    }
    for (int batch : new int[] {8, 16, 64}) {
      points.add(new Point("B", batch, new SgdRun(batch, 0.1, decay, 0, epochs)));
    }
    for (double rate : new double[] {0.025, 0.1, 0.4}) {
      points.add(new Point("μ", rate, new SgdRun(16, rate, decay, 0, epochs)));
    }
    for (double momentum : new double[] {0, 0.5, 0.9}) {
      points.add(new Point("momentum", momentum, new SgdRun(16, 0.1, decay, momentum, epochs)));
    }
    Lab.Cells cells = new Lab.Cells();
    for (Point point : points) {
      for (int repeat = 0; repeat < repeats; repeat++) {
        int r = repeat;
        cells.add(
            "%s %s repeat %d".formatted(point.axis(), Numbers.exact(point.x()), repeat),
            cell ->
                point
                    .run()
                    .mlp(
                        lab,
                        cell,
                        r,
                        images,
                        scale,
                        (epoch, network, accuracy) -> {
                          double rank =
                              network.layers().stream()
                                  .mapToDouble(layer ->
                                      Spectra.epsilonRank(Spectra.of(layer.weights()), EPSILON))
                                  .average()
                                  .orElseThrow();
                          cell.record(
                              byEpochOf(point.axis()),
                              "%s = %s".formatted(point.axis(), Numbers.exact(point.x())),
                              epoch,
                              r,
                              rank);
                          if (epoch == epochs) {
                            cell.record(RANK, point.axis(), point.x(), r, rank);
                            cell.record(ACCURACY, point.axis(), point.x(), r, accuracy);
                          }
                        }));
      }
    }
    lab.note(
        ("MLP-BN-%d-%d, %d epochs, constant step (paper: 60,000 images, 500 epochs, steps that"
                + " shrink, augmented images); decay is larger than the paper's 5e-4, for fewer steps"
                + " have to do its work.")
            .formatted(scale.hidden(), scale.width(), epochs));
    Measurements measured = lab.run(cells);
    return new Outcome(
        List.of(
            moves(measured, "falls as λ grows", DECAY, -1),
            moves(measured, "falls as B shrinks", "B", 1),
            moves(measured, "falls as μ grows", "μ", -1),
            control(measured)),
        List.of(
            byEpoch(DECAY),
            byEpoch("B"),
            byEpoch("μ"),
            byEpoch("momentum"),
            new Figure(RANK, "Final average rank by hyperparameter", "value", "rank", true, false),
            new Figure(ACCURACY, "Training accuracy", "value", "accuracy", true, false)));
  }

  private static String byEpochOf(String axis) {
    return BY_EPOCH
        + switch (axis) {
          case DECAY -> "decay";
          case "B" -> "batch size";
          case "μ" -> "step";
          default -> axis;
        };
  }

  private static Figure byEpoch(String axis) {
    return new Figure(
        byEpochOf(axis), "Average rank by epoch, varying " + axis, "epoch", "rank", false, false);
  }

  private static Finding moves(Measurements measured, String part, String axis, int sign) {
    List<Double> places = measured.places(RANK, axis);
    double correlation = Statistics.rankCorrelation(places, measured.means(RANK, axis));
    Statistics first = measured.at(RANK, axis, places.getFirst());
    Statistics last = measured.at(RANK, axis, places.getLast());
    return new Finding(
        part,
        sign * correlation >= 0.5 && sign * (last.mean() - first.mean()) > 1,
        "rank %s at %s = %s, %s at %s, rank correlation %s"
            .formatted(
                first.text(),
                axis,
                Numbers.exact(places.getFirst()),
                last.text(),
                Numbers.exact(places.getLast()),
                Numbers.brief(correlation)));
  }

  private static Finding control(Measurements measured) {
    Statistics before = measured.at(byEpochOf(DECAY), "λ = 0", 0);
    Statistics after = measured.last(byEpochOf(DECAY), "λ = 0");
    return new Finding(
        "without decay ranks stay",
        after.mean() > 0.9 * before.mean(),
        "rank %s before, %s after".formatted(before.text(), after.text()));
  }
}
