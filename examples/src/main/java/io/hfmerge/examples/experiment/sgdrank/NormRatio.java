package io.hfmerge.examples.experiment.sgdrank;

import io.hfmerge.examples.experiment.Cell;
import io.hfmerge.examples.experiment.Claim;
import io.hfmerge.examples.experiment.Experiment;
import io.hfmerge.examples.experiment.Figure;
import io.hfmerge.examples.experiment.Finding;
import io.hfmerge.examples.experiment.Lab;
import io.hfmerge.examples.experiment.Measurement;
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
import java.util.OptionalDouble;

/**
 * The assumption of Theorem 3.3 of arXiv:2206.05794, ‖W_{T−1}‖/‖W_T‖ → 1: ratios of Frobenius norms
 * at consecutive epochs, per layer, as in Figure 5. The paper's step falls to a tenth after 60, 100
 * and 200 of 500 epochs, which by itself makes norms change less; so a constant step is looked at
 * beside it.
 */
public final class NormRatio implements Experiment {

  static final String NORM = "Frobenius norm";
  private static final String RATIO = "distance of the ratio from 1";

  /** A distance from 1 that counts as none. */
  private static final double SMALL = 0.02;

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
            + " at most half of that over the first quarter; judged apart for the paper's step,"
            + " which falls to a tenth after 12, 20 and 40 % of the epochs, and a constant one.",
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
    double decay = lab.settings().quick() ? 0.03 : 5e-3;
    int repeats = lab.repeats(1, 2);
    for (SgdRun.Rates rates : SgdRun.Rates.values()) {
      for (int repeat = 0; repeat < repeats; repeat++) {
        int r = repeat;
        cells.add(
            "%s repeat %d".formatted(label(rates), repeat),
            cell ->
                new SgdRun(16, 0.1, rates, decay, 0, epochs)
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
                                    record(cell, layer, group(layer.name(), rates), epoch, r))));
      }
    }
    lab.note(
        "MLP-BN-%d-%d, %d epochs, B = 16, μ = 0.1, λ = %s (paper: ResNet-18, B = 8, λ = 5e-4, 500 epochs)."
            .formatted(scale.hidden(), scale.width(), epochs, Numbers.exact(decay)));
    Measurements measured = lab.run(cells);
    return new Outcome(
        List.of(finding(measured, SgdRun.Rates.FALLING), finding(measured, SgdRun.Rates.CONSTANT)),
        List.of(
            new Figure(NORM, "Norms by epoch", "epoch", "‖W‖_F", false, false),
            new Figure(
                RATIO,
                "Ratio of consecutive norms",
                "epoch",
                "|‖W_{T−1}‖/‖W_T‖ − 1|",
                false,
                true)));
  }

  private static String label(SgdRun.Rates rates) {
    return rates == SgdRun.Rates.FALLING ? "falling step" : "constant step";
  }

  private static String group(String layer, SgdRun.Rates rates) {
    return layer + ", " + label(rates);
  }

  private static void record(
      Cell cell, ImageNetwork.Layer layer, String group, int epoch, int repeat) {
    double norm = Spectra.frobenius(Spectra.of(layer.weights()));
    cell.record(NORM, group, epoch, repeat, norm);
    OptionalDouble before = cell.recorded(NORM, group, epoch - 1L, repeat);
    if (before.isPresent()) {
      cell.record(RATIO, group, epoch, repeat, Math.abs(before.getAsDouble() / norm - 1));
    }
  }

  private static Finding finding(Measurements measured, SgdRun.Rates rates) {
    boolean holds = true;
    List<String> evidence = new ArrayList<>();
    for (String group : measured.groups(RATIO)) {
      if (!group.endsWith(label(rates))) {
        continue;
      }
      List<Double> first = new ArrayList<>();
      List<Double> last = new ArrayList<>();
      int repeats = measured.values(NORM, group, 0).size();
      for (int repeat = 0; repeat < repeats; repeat++) {
        List<Double> path =
            measured.path(RATIO, group, repeat).stream().map(Measurement::value).toList();
        int quarter = Math.max(1, path.size() / 4);
        first.add(Statistics.of(path.subList(0, quarter)).mean());
        last.add(Statistics.of(path.subList(path.size() - quarter, path.size())).mean());
      }
      Statistics early = Statistics.of(first);
      Statistics late = Statistics.of(last);
      holds &= late.mean() < SMALL && late.mean() <= early.mean() / 2;
      evidence.add(
          "%s: %s, then %s"
              .formatted(group.substring(0, group.indexOf(',')), early.text(), late.text()));
    }
    return new Finding(
        RATIO + ", first and last quarter, " + label(rates), holds, String.join("; ", evidence));
  }
}
