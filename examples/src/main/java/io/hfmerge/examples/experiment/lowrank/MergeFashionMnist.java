package io.hfmerge.examples.experiment.lowrank;

import io.hfmerge.examples.experiment.Claim;
import io.hfmerge.examples.experiment.Experiment;
import io.hfmerge.examples.experiment.Figure;
import io.hfmerge.examples.experiment.Lab;
import io.hfmerge.examples.experiment.Measurements;
import io.hfmerge.examples.experiment.Numbers;
import io.hfmerge.examples.experiment.Outcome;
import io.hfmerge.examples.experiment.data.ImageData;
import io.hfmerge.examples.experiment.data.ImageSet;
import io.hfmerge.examples.experiment.data.SphereTask;
import io.hfmerge.examples.experiment.train.Mlp;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Figure 6 of arXiv:2502.17340: two tasks from Fashion-MNIST, classes 0 to 4 against 5 to 9, 784
 * zeros after the pixels of task one and before those of task two, whose labels are inverted;
 * sample size 10, step 0.1, λ = 1e-3, hidden layers of 1000 and 100.
 */
public final class MergeFashionMnist implements Experiment {

  private static final int HELD_OUT = 200;

  @Override
  public String name() {
    return "merge-fashion-mnist";
  }

  @Override
  public String summary() {
    return "Summed weights on two halves of Fashion-MNIST made orthogonal by padding (P1, Figure 6).";
  }

  @Override
  public Claim claim() {
    return new Claim(
        "arXiv:2502.17340, section D.2, Figure 6",
        "As for synthetic data: the sum of two networks is as good as each for orthogonal inputs with"
            + " weight decay, not for the same inputs, and not without decay; stable ranks fall.",
        MergeVerdict.RULE,
        MergeVerdict.COUNTER);
  }

  @Override
  public Optional<String> data() {
    return Optional.of(ImageData.FASHION_MNIST.published());
  }

  @Override
  public Outcome run(Lab lab) throws IOException {
    int count = 10;
    double decay = lab.settings().quick() ? 0.01 : 1e-3;
    long steps = lab.steps(3000, 100_000);
    List<Integer> widths =
        lab.settings().quick() ? List.of(1568, 64, 32, 1) : List.of(1568, 1000, 100, 1);
    int repeats = lab.repeats(1, 10);
    ImageSet images =
        ImageData.FASHION_MNIST.load(
            lab.settings().data(), repeats * count + HELD_OUT, lab.random("fashion"));
    lab.note("Data: " + images.source() + ".");
    lab.note("Network %s, %d steps, λ = %s.".formatted(widths, steps, Numbers.exact(decay)));
    double[] sweep =
        lab.values(new double[] {0, 1e-3, 0.01}, new double[] {0, 1e-5, 1e-4, 3e-4, 1e-3});
    Lab.Cells cells = new Lab.Cells();
    for (double lambda : sweep) {
      for (boolean orthogonal :
          lambda == decay ? new boolean[] {true, false} : new boolean[] {true}) {
        String group = orthogonal ? MergeVerdict.ORTHOGONAL : MergeVerdict.SAME;
        for (int repeat = 0; repeat < repeats; repeat++) {
          int r = repeat;
          cells.add(
              "%s decay %s repeat %d".formatted(group, Numbers.exact(lambda), repeat),
              cell ->
                  new MergedTasks(new Mlp(widths, 1), Math.sqrt(2), 0.1, lambda, steps, 25)
                      .run(
                          lab,
                          cell,
                          "fashion " + r,
                          group,
                          r,
                          lambda == decay,
                          task(images, r * count, count, false, false),
                          task(images, r * count, count, orthogonal, true)));
        }
      }
    }
    Measurements measured = lab.run(cells);
    return new Outcome(
        MergeVerdict.findings(measured, decay),
        List.of(
            new Figure(MergedTasks.LOSS, "Loss on both tasks", "step", "loss", true, true),
            new Figure(MergedTasks.ERROR, "Held-out error", "step", "error", true, false),
            new Figure(MergedTasks.STABLE_RANK, "Stable ranks", "step", "‖W‖_F/‖W‖₂", true, false),
            new Figure(
                MergedTasks.FINAL_LOSS, "Final loss by λ", "weight decay λ", "loss", true, true)));
  }

  private static MergedTasks.Task task(
      ImageSet images, int from, int count, boolean shifted, boolean inverted) {
    return new MergedTasks.Task(
        points(images.slice(from, from + count), shifted, inverted),
        points(images.slice(images.count() - HELD_OUT, images.count()), shifted, inverted));
  }

  /** Normalised to the unit sphere, as all inputs of section 5. */
  private static SphereTask points(ImageSet images, boolean shifted, boolean inverted) {
    int size = images.size();
    double[] inputs = new double[images.count() * 2 * size];
    double[] signs = new double[images.count()];
    for (int i = 0; i < images.count(); i++) {
      double squares = 0;
      for (int p = 0; p < size; p++) {
        double pixel = images.pixels()[i * size + p];
        squares += pixel * pixel;
      }
      for (int p = 0; p < size; p++) {
        inputs[i * 2 * size + (shifted ? size : 0) + p] =
            images.pixels()[i * size + p] / Math.sqrt(Math.max(squares, 1e-12));
      }
      signs[i] = (images.labels()[i] < 5) == inverted ? 1 : -1;
    }
    return new SphereTask(inputs, signs, images.count(), 2 * size);
  }
}
