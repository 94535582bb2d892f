package io.hfmerge.examples.experiment.sgdrank;

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
import io.hfmerge.examples.experiment.data.ImageData;
import io.hfmerge.examples.experiment.data.ImageSet;
import io.hfmerge.examples.experiment.train.Spectra;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Appendix B, Figure 16, of arXiv:2206.05794: ranks of a residual network of convolutional and
 * linear blocks by weight decay. A gradient of one sample has rank m_l at most, 1 for linear layers
 * and the number of patches for convolutions, so the bound is much weaker for these.
 *
 * <p>The paper's network is 256 wide with five blocks of either kind, and μ = 0.01; here there are
 * two of either, narrower, on fewer images with a larger step and decay, and ε is larger.
 */
public final class ConvolutionRank implements Experiment {

  static final String RELATIVE = "rank over full rank";
  private static final String RANK = "rank by layer and epoch";
  private static final String CONVOLUTIONS = "convolutions";
  private static final String LINEAR = "linear layers";

  /** ε; larger than the paper's 1e-3, as there are fewer steps. */
  private static final double THRESHOLD = 0.03;

  /** What counts as lower, of full rank. */
  private static final double LOWER = 0.05;

  @Override
  public String name() {
    return "conv-rank";
  }

  @Override
  public String summary() {
    return "Ranks of convolutional and linear blocks of a residual network (P2, Figure 16).";
  }

  @Override
  public Claim claim() {
    return new Claim(
        "arXiv:2206.05794, Appendix B, Figure 16",
        "Ranks of convolutional and of linear layers fall as λ grows; those of convolutions, whose"
            + " bound with m_l = number of patches is the weaker one, tend to be higher.",
        "The mean ε-rank over the full rank (ε = 0.03) of the layers in residual blocks of either"
            + " kind is lower at the largest λ than without decay by more than 0.05; and at the"
            + " largest λ that of convolutions is not below that of linear layers.",
        "A kind of layer that keeps its rank, or convolutions of lower rank than linear layers.");
  }

  @Override
  public Optional<String> data() {
    return Optional.of(ImageData.CIFAR_10.published());
  }

  @Override
  public Outcome run(Lab lab) throws IOException {
    int count = lab.size(160, 1000);
    int width = lab.size(10, 16);
    int epochs = lab.steps(30, 30);
    double[] decays = lab.values(new double[] {0, 0.1}, new double[] {0, 3e-3, 0.01, 0.03});
    int repeats = lab.repeats(1, 2);
    ImageSet images = SgdRun.images(lab, ImageData.CIFAR_10, count);
    Lab.Cells cells = new Lab.Cells();
    for (double decay : decays) {
      for (int repeat = 0; repeat < repeats; repeat++) {
        int r = repeat;
        cells.add(
            "decay %s repeat %d".formatted(Numbers.exact(decay), repeat),
            cell ->
                new SgdRun(8, 0.1, decay, 0, epochs)
                    .residual(
                        lab,
                        cell,
                        r,
                        images,
                        width,
                        (epoch, network, accuracy) -> {
                          record(cell, network, decay, epoch, r, epoch == epochs);
                          if (epoch == epochs) {
                            cell.record("training accuracy", "all", decay, r, accuracy);
                          }
                        }));
      }
    }
    lab.note(
        "Two residual blocks of either kind, %d wide, %d epochs, batches of 8, μ = 0.1 (paper: five, 256 wide, all of CIFAR-10, μ = 0.01)."
            .formatted(width, epochs));
    Measurements measured = lab.run(cells);
    double largest = decays[decays.length - 1];
    Statistics linear = measured.at(RELATIVE, LINEAR, largest);
    Statistics convolutions = measured.at(RELATIVE, CONVOLUTIONS, largest);
    return new Outcome(
        List.of(
            falls(measured, LINEAR, largest),
            falls(measured, CONVOLUTIONS, largest),
            new Finding(
                "convolutions have the higher ranks",
                convolutions.mean() >= linear.mean(),
                "%s of full rank, linear layers %s, at λ = %s"
                    .formatted(convolutions.text(), linear.text(), Numbers.exact(largest)))),
        List.of(
            new Figure(RELATIVE, "Rank over full rank by weight decay", "λ", "share", true, false),
            new Figure(RANK, "Ranks by layer", "epoch", "rank", false, false)));
  }

  private static void record(
      Cell cell, ImageNetwork network, double decay, int epoch, int repeat, boolean atEnd) {
    List<Double> convolutions = new ArrayList<>();
    List<Double> linear = new ArrayList<>();
    for (ImageNetwork.Layer layer : network.layers()) {
      if (!layer.inBlock()) {
        continue;
      }
      double[] values = Spectra.of(layer.weights());
      double rank = Spectra.epsilonRank(values, THRESHOLD);
      cell.record(
          RANK, "%s, λ = %s".formatted(layer.name(), Numbers.exact(decay)), epoch, repeat, rank);
      (layer.isConvolution() ? convolutions : linear).add(rank / values.length);
    }
    if (atEnd) {
      cell.record(RELATIVE, LINEAR, decay, repeat, Statistics.of(linear).mean());
      cell.record(RELATIVE, CONVOLUTIONS, decay, repeat, Statistics.of(convolutions).mean());
    }
  }

  private static Finding falls(Measurements measured, String kind, double largest) {
    Statistics without = measured.at(RELATIVE, kind, 0);
    Statistics with = measured.at(RELATIVE, kind, largest);
    return new Finding(
        "decay lowers the ranks of " + kind,
        without.mean() - with.mean() > LOWER,
        "%s of full rank without decay, %s with λ = %s"
            .formatted(without.text(), with.text(), Numbers.exact(largest)));
  }
}
