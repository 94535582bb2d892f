package io.hfmerge.examples.experiment.lowrank;

import io.hfmerge.examples.experiment.Claim;
import io.hfmerge.examples.experiment.Experiment;
import io.hfmerge.examples.experiment.Figure;
import io.hfmerge.examples.experiment.Lab;
import io.hfmerge.examples.experiment.Measurements;
import io.hfmerge.examples.experiment.Numbers;
import io.hfmerge.examples.experiment.Outcome;
import io.hfmerge.examples.experiment.data.SphereTask;
import io.hfmerge.examples.experiment.train.Mlp;
import java.io.IOException;
import java.util.List;

/**
 * Figures 3 and 5 of arXiv:2502.17340: the sum of two networks keeps both tasks if their inputs are
 * orthogonal and weights decay; not for the same inputs, and not without decay.
 *
 * <p>As in the paper: ReLU network 100-1000-100-1, gradient descent with step 1, 10⁵ steps, λ =
 * 1e-4, inputs from N(0, Σ₁) and N(0, Σ₂) with ⟨Σ₁, Σ₂⟩ = 0 on the unit sphere, labels by the sign
 * of sin(wᵀx), 10 draws. Our own choices, which the paper does not state: Σ₁ and Σ₂ are the
 * identities of the two halves of the coordinates, 50 points per task, weights from N(0, 2/inputs);
 * "the same inputs" are the points of task one with another labeling.
 */
public final class MergeMlp implements Experiment {

  @Override
  public String name() {
    return "merge-mlp";
  }

  @Override
  public String summary() {
    return "Summed weights keep both tasks if inputs are orthogonal and weights decay (P1, Figures"
        + " 3 and 5).";
  }

  @Override
  public Claim claim() {
    return new Claim(
        "arXiv:2502.17340, section 5, Figures 3 and 5",
        "The sum of two networks trained on orthogonal inputs has the loss of the single networks;"
            + " not so for the same inputs with other labels, and not without weight decay; stable"
            + " ranks fall.",
        MergeVerdict.RULE,
        MergeVerdict.COUNTER);
  }

  @Override
  public Outcome run(Lab lab) throws IOException {
    boolean quick = lab.settings().quick();
    int dimension = lab.size(40, 100);
    int count = lab.size(20, 50);
    double decay = quick ? 2e-3 : 1e-4;
    double[] sweep =
        quick ? new double[] {0, 2e-3} : new double[] {0, 1e-6, 1e-5, 3e-5, 1e-4, 3e-4};
    long steps = lab.steps(4000, 100_000);
    Mlp network =
        quick ? new Mlp(List.of(40, 128, 64, 1), 1) : new Mlp(List.of(100, 1000, 100, 1), 1);
    int repeats = lab.repeats(2, 10);
    Lab.Cells cells = new Lab.Cells();
    for (double lambda : sweep) {
      for (boolean orthogonal :
          lambda == decay ? new boolean[] {true, false} : new boolean[] {true}) {
        for (int repeat = 0; repeat < repeats; repeat++) {
          int r = repeat;
          String group = orthogonal ? MergeVerdict.ORTHOGONAL : MergeVerdict.SAME;
          String stream = "merge-mlp " + repeat;
          cells.add(
              "%s decay %s repeat %d".formatted(group, Numbers.exact(lambda), repeat),
              cell ->
                  new MergedTasks(network, Math.sqrt(2), 1, 1, lambda, steps, 30)
                      .run(
                          lab,
                          cell,
                          stream,
                          group,
                          r,
                          lambda == decay,
                          task(lab, stream, dimension, count, 0, dimension / 2, 1, 1),
                          orthogonal
                              ? task(lab, stream, dimension, count, dimension / 2, dimension, 2, 2)
                              : task(lab, stream, dimension, count, 0, dimension / 2, 1, 2)));
        }
      }
    }
    lab.note(
        "Network %s, %d points per task, %d steps, λ = %s (paper: 100-1000-100-1, number of points"
                .formatted(network.widths(), count, steps, Numbers.exact(decay))
            + " not stated, 100000 steps, λ = 1e-4).");
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

  /** Points of one draw with the labels of another. */
  private static MergedTasks.Task task(
      Lab lab, String stream, int dimension, int count, int from, int to, int points, int labels) {
    SphereTask.Labeling labeling =
        new SphereTask.Labeling(lab.random(stream + " labels " + labels), dimension, 1);
    return new MergedTasks.Task(
        SphereTask.draw(
            lab.random(stream + " train " + points), count, dimension, from, to, 0, labeling),
        SphereTask.draw(
            lab.random(stream + " test " + points), 1000, dimension, from, to, 0, labeling));
  }
}
