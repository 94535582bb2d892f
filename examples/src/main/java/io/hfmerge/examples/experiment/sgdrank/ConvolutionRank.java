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
import java.util.List;
import java.util.Optional;

/**
 * Ranks of a small residual network by kind of layer, arXiv:2206.05794: a gradient of one sample
 * has rank m_l at most, 1 for linear layers and the number of patches for convolutions, so the
 * bound is much weaker for these.
 */
public final class ConvolutionRank implements Experiment {

  static final String RELATIVE = "rank over full rank";
  private static final String RANK = "rank by layer and epoch";

  /** ε; larger than the paper's 1e-3, as there are fewer steps. */
  private static final double THRESHOLD = 0.03;

  @Override
  public String name() {
    return "conv-rank";
  }

  @Override
  public String summary() {
    return "Ranks of convolutional and linear layers of a residual network (P2).";
  }

  @Override
  public Claim claim() {
    return new Claim(
        "arXiv:2206.05794, sections 2 and 3",
        "Weight decay lowers ranks of linear layers (m_l = 1) and of convolutions, whose bound, with"
            + " m_l = number of patches, is the weaker one.",
        "With decay the mean ε-rank over the full rank (ε = 0.03) of the hidden linear layer is below that"
            + " without decay by more than 0.05, and falls at least as much as that of the"
            + " convolutions.",
        "A linear layer that keeps its rank, or loses less than the convolutions.");
  }

  @Override
  public Optional<String> data() {
    return Optional.of(ImageData.CIFAR_10.published());
  }

  @Override
  public Outcome run(Lab lab) throws IOException {
    int count = lab.size(160, 1000);
    int width = lab.size(6, 16);
    int epochs = lab.steps(30, 30);
    double decay = lab.settings().quick() ? 0.1 : 1e-2;
    ImageSet images = SgdRun.images(lab, ImageData.CIFAR_10, count);
    Lab.Cells cells = new Lab.Cells();
    for (double lambda : new double[] {0, decay}) {
      for (int repeat = 0; repeat < lab.repeats(1, 2); repeat++) {
        int r = repeat;
        cells.add(
            "decay %s repeat %d".formatted(Numbers.exact(lambda), repeat),
            cell ->
                new SgdRun(8, 0.1, lambda, 0, epochs)
                    .residual(
                        lab,
                        cell,
                        r,
                        images,
                        width,
                        (epoch, network, accuracy) -> {
                          double convolutions = 0;
                          double linear = 0;
                          for (ImageNetwork.Layer layer : network.layers()) {
                            double[] values = Spectra.of(layer.weights());
                            double share = Spectra.epsilonRank(values, THRESHOLD) / values.length;
                            if (layer.patches() > 1) {
                              convolutions += share / 5;
                            } else if (layer.name().equals("linear")) {
                              linear = share;
                            }
                            cell.record(
                                RANK,
                                "%s, λ = %s".formatted(layer.name(), Numbers.exact(lambda)),
                                epoch,
                                r,
                                Spectra.epsilonRank(values, THRESHOLD));
                          }
                          if (epoch == epochs) {
                            cell.record(RELATIVE, "linear", lambda, r, linear);
                            cell.record(RELATIVE, "convolutions", lambda, r, convolutions);
                            cell.record("training accuracy", "all", lambda, r, accuracy);
                          }
                        }));
      }
    }
    Measurements measured = lab.run(cells);
    Statistics without = measured.at(RELATIVE, "linear", 0);
    Statistics with = measured.at(RELATIVE, "linear", decay);
    double lost = without.mean() - with.mean();
    double convolutionsLost =
        measured.at(RELATIVE, "convolutions", 0).mean()
            - measured.at(RELATIVE, "convolutions", decay).mean();
    return new Outcome(
        List.of(
            new Finding(
                "decay lowers the rank of the linear layer",
                lost > 0.05,
                "%s of full rank without decay, %s with λ = %s"
                    .formatted(without.text(), with.text(), Numbers.exact(decay))),
            new Finding(
                "convolutions lose no more",
                convolutionsLost <= lost,
                "convolutions lose %s, the linear layer %s of full rank"
                    .formatted(Numbers.brief(convolutionsLost), Numbers.brief(lost)))),
        List.of(
            new Figure(RANK, "Ranks by layer", "epoch", "rank", false, false),
            new Figure(RELATIVE, "Rank over full rank", "λ", "share", true, false)));
  }
}
