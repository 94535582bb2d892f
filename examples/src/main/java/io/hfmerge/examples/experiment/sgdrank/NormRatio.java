package io.hfmerge.examples.experiment.sgdrank;

import io.hfmerge.examples.experiment.Claim;
import io.hfmerge.examples.experiment.Experiment;
import io.hfmerge.examples.experiment.Figure;
import io.hfmerge.examples.experiment.Finding;
import io.hfmerge.examples.experiment.Lab;
import io.hfmerge.examples.experiment.Measurements;
import io.hfmerge.examples.experiment.Outcome;
import io.hfmerge.examples.experiment.Statistics;
import io.hfmerge.examples.experiment.data.ImageData;
import io.hfmerge.examples.experiment.data.ImageSet;
import io.hfmerge.examples.experiment.train.Spectra;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The assumption of Theorem 3.3 of arXiv:2206.05794, ‖W_{T−1}‖/‖W_T‖ → 1: ratios of Frobenius norms
 * at consecutive epochs, per layer, as in Figure 5.
 */
public final class NormRatio implements Experiment {

  static final String NORM = "Frobenius norm";
  private static final String RATIO = "distance of the ratio from 1";

  @Override
  public String name() {
    return "norm-ratio";
  }

  @Override
  public String summary() {
    return "Norms of consecutive epochs come to a ratio of 1 (P2, Figure 5).";
  }

  @Override
  public Claim claim() {
    return new Claim(
        "arXiv:2206.05794, section 4.2, Figure 5",
        "‖W_{T−1}‖/‖W_T‖ converges to 1 in every layer.",
        "The mean distance from 1 over the last quarter of epochs is below 0.02 in every layer, and"
            + " at most half of that over the first quarter.",
        "A layer whose ratio stays away from 1.");
  }

  @Override
  public Optional<String> data() {
    return Optional.of(ImageData.MNIST.published());
  }

  @Override
  public Outcome run(Lab lab) throws IOException {
    SgdRun.Scale scale =
        lab.settings().quick() ? new SgdRun.Scale(400, 2, 48) : new SgdRun.Scale(4000, 3, 128);
    int epochs = lab.steps(60, 120);
    ImageSet images = SgdRun.images(lab, ImageData.MNIST, scale.images());
    Lab.Cells cells = new Lab.Cells();
    for (int repeat = 0; repeat < lab.repeats(1, 2); repeat++) {
      int r = repeat;
      cells.add(
          "repeat " + repeat,
          cell ->
              new SgdRun(16, 0.1, lab.settings().quick() ? 0.03 : 5e-3, 0, epochs)
                  .mlp(
                      lab,
                      cell,
                      r,
                      images,
                      scale,
                      (epoch, network, accuracy) ->
                          network
                              .layers()
                              .forEach(layer ->
                                  cell.record(
                                      NORM,
                                      layer.name(),
                                      epoch,
                                      r,
                                      Spectra.frobenius(Spectra.of(layer.weights()))))));
    }
    Measurements measured = lab.run(cells);
    boolean holds = true;
    StringBuilder evidence = new StringBuilder();
    for (String group : measured.groups(NORM)) {
      Map<Integer, Double> first = new HashMap<>();
      Map<Integer, Double> last = new HashMap<>();
      int repeats = measured.values(NORM, group, 0).size();
      for (int repeat = 0; repeat < repeats; repeat++) {
        var path = measured.path(NORM, group, repeat);
        int quarter = path.size() / 4;
        for (int i = 1; i < path.size(); i++) {
          double off = Math.abs(path.get(i - 1).value() / path.get(i).value() - 1);
          if (i <= quarter) {
            first.merge(repeat, off / quarter, Double::sum);
          } else if (i >= path.size() - quarter) {
            last.merge(repeat, off / quarter, Double::sum);
          }
        }
      }
      Statistics early = Statistics.of(List.copyOf(first.values()));
      Statistics late = Statistics.of(List.copyOf(last.values()));
      holds &= late.mean() < 0.02 && late.mean() <= early.mean() / 2;
      evidence.append("%s: %s, then %s; ".formatted(group, early.text(), late.text()));
    }
    return new Outcome(
        List.of(
            new Finding(RATIO + ", first and last quarter", holds, evidence.toString().strip())),
        List.of(new Figure(NORM, "Norms by epoch", "epoch", "‖W‖_F", false, false)));
  }
}
