package io.hfmerge.examples.experiment.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import io.hfmerge.examples.experiment.Cell;
import io.hfmerge.examples.experiment.Lab;
import io.hfmerge.examples.experiment.Numbers;
import io.hfmerge.examples.experiment.train.AdamW;
import io.hfmerge.examples.experiment.train.Parameters;
import io.hfmerge.examples.experiment.train.Schedule;
import io.hfmerge.examples.experiment.train.Training;
import java.io.IOException;
import java.util.List;
import java.util.function.LongToDoubleFunction;

/**
 * Trainings of one network with AdamW that differ in the decay of its attention layers: every decay
 * starts from the same weights and sees the same batches.
 *
 * @param size of the network
 * @param decays λ of the attention layers, ascending from 0
 * @param repeats draws of weights and data
 * @param steps of AdamW
 * @param looks how often networks are measured, after the first time
 * @param rate η by step
 * @param beta2 of AdamW's second moment
 */
record AttentionSweep(
    AttentionNetwork.Size size,
    List<Double> decays,
    int repeats,
    long steps,
    int looks,
    LongToDoubleFunction rate,
    double beta2) {

  private static final double BETA_1 = 0.9;
  private static final double EPSILON = 1e-8;

  AttentionSweep {
    decays = List.copyOf(decays);
  }

  /** What is learnt. */
  interface Task {

    /** The training loss of a step, which depends on repeat and step alone. */
    NDArray loss(Parameters parameters, AttentionNetwork network, int repeat, long step);

    /** How the network does on what it is not trained on. */
    double heldOut(Parameters parameters, AttentionNetwork network, int repeat);
  }

  /**
   * Trains and measures.
   *
   * @param stream names the random numbers of the initial weights
   * @param metric what {@link Task#heldOut} measures
   */
  AttentionDecay run(Lab lab, String stream, String metric, Task task) throws IOException {
    Lab.Cells cells = new Lab.Cells();
    for (double decay : decays) {
      for (int repeat = 0; repeat < repeats; repeat++) {
        int r = repeat;
        cells.add(
            "decay %s repeat %d".formatted(Numbers.exact(decay), repeat),
            cell -> train(lab, cell, stream, metric, task, decay, r));
      }
    }
    return new AttentionDecay(lab.run(cells), decays);
  }

  private void train(
      Lab lab, Cell cell, String stream, String metric, Task task, double decay, int repeat)
      throws IOException {
    String group = AttentionDecay.group(decay);
    try (Parameters parameters = new Parameters(lab.settings().device(), DataType.FLOAT32)) {
      AttentionNetwork network =
          new AttentionNetwork(parameters, lab.random(stream + " weights " + repeat), size);
      new Training(
              parameters,
              new AdamW(rate, network.decay(decay), BETA_1, beta2, EPSILON, AdamW.Kind.DECOUPLED))
          .run(
              cell,
              steps,
              Schedule.every(steps / looks),
              step -> task.loss(parameters, network, repeat, step),
              step -> {
                network.record(cell, group, step, repeat);
                cell.record(metric, group, step, repeat, task.heldOut(parameters, network, repeat));
              });
    }
  }
}
