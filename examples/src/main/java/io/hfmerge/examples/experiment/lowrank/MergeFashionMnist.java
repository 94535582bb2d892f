package io.hfmerge.examples.experiment.lowrank;

import io.hfmerge.examples.experiment.Claim;
import io.hfmerge.examples.experiment.Experiment;
import io.hfmerge.examples.experiment.Figure;
import io.hfmerge.examples.experiment.Finding;
import io.hfmerge.examples.experiment.Lab;
import io.hfmerge.examples.experiment.Measurements;
import io.hfmerge.examples.experiment.Numbers;
import io.hfmerge.examples.experiment.Outcome;
import io.hfmerge.examples.experiment.data.ImageData;
import io.hfmerge.examples.experiment.data.ImageSet;
import io.hfmerge.examples.experiment.data.SphereTask;
import io.hfmerge.examples.experiment.train.Mlp;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Figure 6 of arXiv:2502.17340: two tasks from Fashion-MNIST, classes 0 to 4 against 5 to 9, 784
 * zeros after the pixels of task one and before those of task two, whose labels are inverted;
 * sample size 10, step 0.1, λ = 1e-3, hidden layers of 1000 and 100. The number of steps is that of
 * the synthetic data, 10⁵; the paper does not say it here.
 */
public final class MergeFashionMnist implements Experiment {

  private static final int HELD_OUT = 200;

  /** How many times larger the first layer begins in the control. */
  private static final double LARGE_START = 8;

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
        MergeVerdict.RULE
            + " A control of ours, networks whose first layer begins 8 times larger: the sum is"
            + " close by the same measure with decay and not without.",
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
      for (String group : groups(lambda, decay)) {
        boolean orthogonal = !group.equals(MergeVerdict.SAME);
        double first = group.equals(MergeVerdict.LARGE) ? LARGE_START : 1;
        for (int repeat = 0; repeat < repeats; repeat++) {
          int r = repeat;
          cells.add(
              "%s decay %s repeat %d".formatted(group, Numbers.exact(lambda), repeat),
              cell ->
                  new MergedTasks(new Mlp(widths, 1), Math.sqrt(2), first, 0.1, lambda, steps, 25)
                      .run(
                          lab,
                          cell,
                          "fashion " + r,
                          group,
                          r,
                          lambda == decay && first == 1,
                          task(images, r * count, count, false, false),
                          task(images, r * count, count, orthogonal, true)));
        }
      }
    }
    lab.note(
        "Control of ours: \"large start\" is orthogonal inputs and a first layer that begins 8 times"
            + " larger. What no gradient of a task touches keeps the size of its beginning without"
            + " decay; how much of a task's first layer that is, the verdict says.");
    Measurements measured = lab.run(cells);
    List<Finding> findings = new ArrayList<>(MergeVerdict.findings(measured, decay));
    findings.add(MergeVerdict.largeStart(measured, decay));
    return new Outcome(
        findings,
        List.of(
            new Figure(MergedTasks.LOSS, "Loss on both tasks", "step", "loss", true, true),
            new Figure(MergedTasks.ERROR, "Held-out error", "step", "error", true, false),
            new Figure(MergedTasks.STABLE_RANK, "Stable ranks", "step", "‖W‖_F/‖W‖₂", true, false),
            new Figure(
                MergedTasks.FINAL_LOSS, "Final loss by λ", "weight decay λ", "loss", true, true)));
  }

  private static List<String> groups(double lambda, double decay) {
    if (lambda == 0) {
      return List.of(MergeVerdict.ORTHOGONAL, MergeVerdict.LARGE);
    }
    return lambda == decay
        ? List.of(MergeVerdict.ORTHOGONAL, MergeVerdict.SAME, MergeVerdict.LARGE)
        : List.of(MergeVerdict.ORTHOGONAL);
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
