package io.hfmerge.examples.experiment.generalization;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.hfmerge.examples.experiment.Cell;
import io.hfmerge.examples.experiment.Lab;
import io.hfmerge.examples.experiment.data.Batches;
import io.hfmerge.examples.experiment.data.HousingData;
import io.hfmerge.examples.experiment.data.SphereTask;
import io.hfmerge.examples.experiment.train.Losses;
import io.hfmerge.examples.experiment.train.Mlp;
import io.hfmerge.examples.experiment.train.Parameters;
import io.hfmerge.examples.experiment.train.Schedule;
import io.hfmerge.examples.experiment.train.Sgd;
import io.hfmerge.examples.experiment.train.Spectra;
import io.hfmerge.examples.experiment.train.Training;
import java.io.IOException;
import java.util.List;

/**
 * A two-layer ReLU network under mini-batch SGD with weight decay, arXiv:2410.02176; inputs carry a
 * constant 1 as their last coordinate, so that the hidden layer has a bias.
 *
 * @param width of the hidden layer, m
 * @param batch of SGD
 * @param rate step size η, halved four times along the way, so that noise of the last steps is
 *     small
 * @param decay λ
 * @param steps of SGD
 */
record TwoLayerRun(int width, int batch, double rate, double decay, long steps) {

  /** Fewer rows of a file cannot be cut into batches to learn from and others to test on. */
  private static final int LEAST_ROWS = 100;

  /** A problem: rows of inputs with their targets, and how an output is judged. */
  @SuppressWarnings("ArrayRecordComponent") // handed on at once, never compared
  record Problem(
      double[] inputs, double[] targets, int count, int dimension, boolean classification) {

    static Problem of(HousingData data) {
      return new Problem(
          data.features(), data.targets(), data.count(), HousingData.FEATURES, false);
    }

    static Problem of(SphereTask task) {
      return new Problem(task.inputs(), task.signs(), task.count(), task.dimension(), true);
    }
  }

  /** What is left in the end. */
  @SuppressWarnings("ArrayRecordComponent") // handed on at once, never compared
  record End(
      double[] spectrum, double trainLoss, double testLoss, double trainError, double testError) {}

  @FunctionalInterface
  interface Reached {
    void at(End end);
  }

  void run(Lab lab, Cell cell, String stream, Problem train, Problem test, Reached reached)
      throws IOException {
    Mlp network = new Mlp(List.of(train.dimension() + 1, width, 1), 1);
    try (Parameters parameters = new Parameters(lab.settings().device(), DataType.FLOAT32)) {
      network.initialise(parameters, lab.random(stream + " weights"), Math.sqrt(2));
      NDArray x = inputs(parameters, train);
      NDArray y = parameters.constant(train.targets(), new Shape(train.count(), 1));
      NDArray testX = inputs(parameters, test);
      NDArray testY = parameters.constant(test.targets(), new Shape(test.count(), 1));
      Batches batches =
          new Batches(train.count(), batch, epoch -> lab.random(stream + " epoch " + epoch));
      new Training(
              parameters, new Sgd(step -> rate / (1L << (5 * step / steps)), parameter -> decay, 0))
          .run(
              cell,
              steps,
              Schedule.atEnd(),
              step -> {
                NDArray rows = parameters.integers(batches.at(step), new Shape(batch));
                NDArray output = network.output(parameters.all(), x.get(rows));
                return loss(train, output, y.get(rows));
              },
              step -> {
                NDArray out = network.output(parameters.all(), x);
                NDArray testOut = network.output(parameters.all(), testX);
                reached.at(
                    new End(
                        Spectra.of(parameters.get(0)),
                        Parameters.values(loss(train, out, y))[0],
                        Parameters.values(loss(test, testOut, testY))[0],
                        error(out, y),
                        error(testOut, testY)));
              });
    }
  }

  private static NDArray loss(Problem problem, NDArray output, NDArray target) {
    return problem.classification()
        ? Losses.logistic(output, target)
        : Losses.squared(output, target);
  }

  private static double error(NDArray output, NDArray target) {
    double[] products = Parameters.values(output.mul(target));
    int wrong = 0;
    for (double product : products) {
      if (!(product > 0)) {
        wrong++;
      }
    }
    return (double) wrong / products.length;
  }

  private static NDArray inputs(Parameters parameters, Problem problem) {
    int d = problem.dimension();
    double[] rows = new double[problem.count() * (d + 1)];
    for (int i = 0; i < problem.count(); i++) {
      System.arraycopy(problem.inputs(), i * d, rows, i * (d + 1), d);
      rows[i * (d + 1) + d] = 1;
    }
    return parameters.constant(rows, new Shape(problem.count(), d + 1));
  }

  /** The two problems of the paper: regression by eight features, and two classes. */
  static List<Problem> problem(Lab lab, boolean classification, int repeat, int train, int test)
      throws IOException {
    if (classification) {
      SphereTask.Labeling labeling =
          new SphereTask.Labeling(lab.random("p4 labels " + repeat), 20, 1);
      return List.of(
          Problem.of(
              SphereTask.draw(lab.random("p4 train " + repeat), train, 20, 0, 20, 0, labeling)),
          Problem.of(
              SphereTask.draw(lab.random("p4 test " + repeat), test, 20, 0, 20, 0, labeling)));
    }
    HousingData data =
        HousingData.load(lab.settings().data(), train + test, lab.random("p4 rows " + repeat));
    if (data.count() < LEAST_ROWS) {
      throw new IOException(
          "%s: expected %d rows or more, found %d"
              .formatted(lab.settings().data().orElseThrow(), LEAST_ROWS, data.count()));
    }
    lab.note("Regression: " + data.source() + ".");
    int split = Math.min(train, data.count() * 3 / 4);
    return List.of(Problem.of(data.slice(0, split)), Problem.of(data.slice(split, data.count())));
  }
}
