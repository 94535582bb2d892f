package io.hfmerge.examples.experiment.sgdrank;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.hfmerge.examples.experiment.Cell;
import io.hfmerge.examples.experiment.Lab;
import io.hfmerge.examples.experiment.data.Batches;
import io.hfmerge.examples.experiment.data.ImageData;
import io.hfmerge.examples.experiment.data.ImageSet;
import io.hfmerge.examples.experiment.train.Decay;
import io.hfmerge.examples.experiment.train.Losses;
import io.hfmerge.examples.experiment.train.Parameters;
import io.hfmerge.examples.experiment.train.Schedule;
import io.hfmerge.examples.experiment.train.Sgd;
import io.hfmerge.examples.experiment.train.Training;
import java.io.IOException;

/**
 * SGD with weight decay on images, by arXiv:2206.05794: the regularised risk has λ‖W‖², so a step
 * multiplies weights by 1 − 2μλ.
 *
 * @param batch B
 * @param rate μ, at first
 * @param rates how it goes on
 * @param decay λ
 * @param momentum 0 for none, which the paper's lemmas assume
 * @param epochs of training
 */
record SgdRun(int batch, double rate, Rates rates, double decay, double momentum, int epochs) {

  /** With a constant step. */
  SgdRun(int batch, double rate, double decay, double momentum, int epochs) {
    this(batch, rate, Rates.CONSTANT, decay, momentum, epochs);
  }

  /** Step sizes along training. */
  enum Rates {
    CONSTANT,
    /** A tenth of it after 60, 100 and 200 of the paper's 500 epochs, in proportion. */
    FALLING;

    /**
     * The step size.
     *
     * @param share of training that is done
     */
    double at(double rate, double share) {
      if (this == CONSTANT) {
        return rate;
      }
      return share < 0.12 ? rate : share < 0.2 ? rate / 10 : share < 0.4 ? rate / 100 : rate / 1000;
    }
  }

  /** What training is done on. */
  record Scale(int images, int hidden, int width) {}

  /** Looks at a network after an epoch. */
  @FunctionalInterface
  interface EpochProbe {
    void look(int epoch, ImageNetwork network, double accuracy);
  }

  static ImageSet images(Lab lab, ImageData data, int count) throws IOException {
    ImageSet images = data.load(lab.settings().data(), count, lab.random("images " + data));
    lab.note("Data: " + images.source() + ", " + images.count() + " images.");
    return images;
  }

  void mlp(Lab lab, Cell cell, int repeat, ImageSet images, Scale scale, EpochProbe probe)
      throws IOException {
    try (Parameters parameters = new Parameters(lab.settings().device(), DataType.FLOAT32)) {
      train(
          lab,
          cell,
          parameters,
          ImageNetwork.mlp(
              parameters,
              lab.random("sgd weights " + repeat),
              images.size(),
              scale.hidden(),
              scale.width()),
          new Shape(images.count(), images.size()),
          images,
          repeat,
          probe);
    }
  }

  void residual(Lab lab, Cell cell, int repeat, ImageSet images, int width, EpochProbe probe)
      throws IOException {
    try (Parameters parameters = new Parameters(lab.settings().device(), DataType.FLOAT32)) {
      train(
          lab,
          cell,
          parameters,
          ImageNetwork.residual(
              parameters,
              lab.random("sgd weights " + repeat),
              images.channels(),
              images.height(),
              width),
          new Shape(images.count(), images.channels(), images.height(), images.width()),
          images,
          repeat,
          probe);
    }
  }

  private void train(
      Lab lab,
      Cell cell,
      Parameters parameters,
      ImageNetwork network,
      Shape shape,
      ImageSet images,
      int repeat,
      EpochProbe probe)
      throws IOException {
    NDArray x = parameters.constant(images.values(), shape);
    NDArray y = parameters.constant(images.oneHot(10), new Shape(images.count(), 10));
    Batches batches =
        new Batches(
            images.count(),
            batch,
            epoch -> lab.random("sgd batches " + repeat + " epoch " + epoch));
    int perEpoch = batches.perEpoch();
    long steps = (long) epochs * perEpoch;
    new Training(
            parameters,
            new Sgd(
                step -> rates.at(rate, (double) step / steps), Decay.uniform(2 * decay), momentum))
        .run(
            cell,
            steps,
            Schedule.every(perEpoch),
            step -> {
              NDArray rows = parameters.integers(batches.at(step), new Shape(batch));
              return Losses.crossEntropy(network.output(x.get(rows)), y.get(rows));
            },
            step ->
                probe.look(
                    Math.toIntExact(step / perEpoch),
                    network,
                    accuracy(network, x, images.labels())));
  }

  /** Of the training images, normalised as one batch. */
  private static double accuracy(ImageNetwork network, NDArray x, int[] labels) {
    long[] found = network.output(x).argMax(1).toLongArray();
    int right = 0;
    for (int i = 0; i < labels.length; i++) {
      if (found[i] == labels[i]) {
        right++;
      }
    }
    return (double) right / labels.length;
  }
}
