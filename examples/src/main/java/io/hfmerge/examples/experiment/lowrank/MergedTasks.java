package io.hfmerge.examples.experiment.lowrank;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import io.hfmerge.examples.experiment.Cell;
import io.hfmerge.examples.experiment.Lab;
import io.hfmerge.examples.experiment.data.SphereTask;
import io.hfmerge.examples.experiment.train.Classifier;
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
 * Two networks trained side by side by gradient descent on a task each, and their sum: what Figures
 * 3, 5 and 6 of arXiv:2502.17340 measure.
 *
 * @param network of both
 * @param gain of the initial weights
 * @param start how many times larger the first layer begins
 * @param rate step size η
 * @param decay λ
 * @param steps of gradient descent
 * @param looks how often both are measured
 */
record MergedTasks(
    Mlp network, double gain, double start, double rate, double decay, long steps, int looks) {

  static final String LOSS = "training loss";
  static final String ERROR = "held-out error";
  static final String STABLE_RANK = "stable rank";
  static final String FINAL_ERROR = "final held-out error by decay";

  /**
   * Mean of ‖W'_1 x‖/‖W_1 x‖ over a task's inputs x, W' being the other task's network. For
   * orthogonal inputs no gradient ever touches W'_1 x: decay shrinks it from its beginning by (1 −
   * ηλ) a step, and without decay it stays, of size √(2/inputs) for each unit of the layer.
   */
  static final String OTHER = "first layer of the other network over the own, on a task's inputs";

  static final String FINAL_LOSS = "final training loss by decay";

  /** A task as it is trained and as it is tested. */
  record Task(SphereTask train, SphereTask test) {}

  /**
   * Trains both and records, along the way, losses, errors and stable ranks under {@code group}.
   *
   * @param stream names the random numbers of the initial weights
   * @param alongTheWay whether to record series by step, beside the final losses by λ
   */
  void run(
      Lab lab,
      Cell cell,
      String stream,
      String group,
      int repeat,
      boolean alongTheWay,
      Task first,
      Task second)
      throws IOException {
    try (Parameters parameters = new Parameters(lab.settings().device(), DataType.FLOAT32)) {
      Classifier[] train = {
        Classifier.of(parameters, first.train()), Classifier.of(parameters, second.train())
      };
      Classifier[] test = {
        Classifier.of(parameters, first.test()), Classifier.of(parameters, second.test())
      };
      network.initialise(parameters, lab.random(stream + " weights 1"), gain, start);
      network.initialise(parameters, lab.random(stream + " weights 2"), gain, start);
      int k = network.layers();
      List<List<NDArray>> single =
          List.of(parameters.all().subList(0, k), parameters.all().subList(k, 2 * k));
      new Training(parameters, new Sgd(rate, decay))
          .run(
              cell,
              steps,
              alongTheWay ? Schedule.logarithmic(steps, looks) : Schedule.atEnd(),
              // the sum's gradient by each network is that of its own loss
              step ->
                  train[0].loss(network, single.get(0)).add(train[1].loss(network, single.get(1))),
              step -> {
                List<NDArray> sum = new ArrayList<>();
                for (int i = 0; i < k; i++) {
                  sum.add(single.get(0).get(i).add(single.get(1).get(i)));
                }
                double[] losses = new double[2];
                double[] errors = new double[2];
                for (int task = 0; task < 2; task++) {
                  losses[0] += loss(train[task], single.get(task)) / 2;
                  losses[1] += loss(train[task], sum) / 2;
                  errors[0] += error(test[task], single.get(task)) / 2;
                  errors[1] += error(test[task], sum) / 2;
                }
                if (alongTheWay) {
                  cell.record(LOSS, group + ", single", step, repeat, losses[0]);
                  cell.record(LOSS, group + ", sum", step, repeat, losses[1]);
                  cell.record(ERROR, group + ", single", step, repeat, errors[0]);
                  cell.record(ERROR, group + ", sum", step, repeat, errors[1]);
                  for (int i = 0; i < k - 1; i++) {
                    String layer = group + " W" + (i + 1);
                    cell.record(
                        STABLE_RANK, layer + ", single", step, repeat, rank(single.get(0).get(i)));
                    cell.record(STABLE_RANK, layer + ", sum", step, repeat, rank(sum.get(i)));
                  }
                }
                if (step == steps) {
                  cell.record(FINAL_LOSS, group + ", single", decay, repeat, losses[0]);
                  cell.record(FINAL_LOSS, group + ", sum", decay, repeat, losses[1]);
                  cell.record(FINAL_ERROR, group + ", single", decay, repeat, errors[0]);
                  cell.record(FINAL_ERROR, group + ", sum", decay, repeat, errors[1]);
                  cell.record(OTHER, group, decay, repeat, other(train, single));
                }
              });
    }
  }

  private static double other(Classifier[] train, List<List<NDArray>> single) {
    double share = 0;
    for (int task = 0; task < 2; task++) {
      double[] own = norms(train[task].inputs(), single.get(task).getFirst());
      double[] others = norms(train[task].inputs(), single.get(1 - task).getFirst());
      for (int i = 0; i < own.length; i++) {
        share += others[i] / own[i] / (2 * own.length);
      }
    }
    return share;
  }

  private static double[] norms(NDArray inputs, NDArray weights) {
    NDArray outputs = inputs.matMul(weights.transpose());
    return Parameters.values(outputs.square().sum(new int[] {1}).sqrt());
  }

  private double loss(Classifier task, List<NDArray> weights) {
    return Classifier.loss(task.margins(network, weights));
  }

  private double error(Classifier task, List<NDArray> weights) {
    return Classifier.shareBelow(task.margins(network, weights), 0);
  }

  private static double rank(NDArray weights) {
    return Spectra.stableRank(Spectra.of(weights));
  }
}
