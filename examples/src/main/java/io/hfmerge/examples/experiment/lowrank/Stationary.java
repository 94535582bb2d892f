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
 * Full-batch gradient descent in f64 on the regularised logistic loss until little of its gradient
 * is left, as the lemmas of arXiv:2502.17340, section 3, ask for.
 *
 * @param network of H-homogeneous activations
 * @param gain of the initial weights
 * @param rate step size η
 * @param decay λ
 * @param steps of gradient descent
 */
record Stationary(Mlp network, double gain, double rate, double decay, long steps) {

  /** Steps over whose gradients the mean is taken. */
  private static final int MEAN_OF = 200;

  /** Networks with smaller matrices are the zero network, of which the lemmas say nothing. */
  static final double COLLAPSED = 1e-3;

  /**
   * What was reached.
   *
   * @param spectra singular values of W_1 to W_K
   * @param margins y f(x) of the training points
   * @param gradient norm of the mean of ∇L_λ over the next 200 steps, over λ‖θ‖: 0 at a stationary
   *     point. The mean, because at a kink of ReLU descent goes to and fro between gradients whose
   *     mean is the subgradient 0
   */
  @SuppressWarnings("ArrayRecordComponent") // handed on at once, never compared
  record Point(List<double[]> spectra, double[] margins, double gradient) {

    /** Whether the network is not zero. */
    boolean isAlive() {
      return spectra.stream().allMatch(values -> values[0] > COLLAPSED);
    }

    /** {@code −(1/n) Σ ℓ'(y f) y f}, the right side of Lemma 2 without its power of H. */
    double alignment() {
      double sum = 0;
      for (double margin : margins) {
        sum += margin / (1 + Math.exp(margin));
      }
      return sum / margins.length;
    }

    /** Mean logistic loss. */
    double loss() {
      return Classifier.loss(margins);
    }
  }

  /** Receives the point. */
  @FunctionalInterface
  interface Reached {
    void at(Point point);
  }

  void run(Lab lab, Cell cell, String stream, SphereTask task, Reached reached) throws IOException {
    try (Parameters parameters = new Parameters(lab.settings().device(), DataType.FLOAT64)) {
      network.initialise(parameters, lab.random(stream + " weights"), gain);
      Classifier classifier = Classifier.of(parameters, task);
      new Training(parameters, new Sgd(rate, decay))
          .run(
              cell,
              steps,
              Schedule.atEnd(),
              step -> classifier.loss(network, parameters.all()),
              step -> reached.at(point(parameters, classifier)));
    }
  }

  private Point point(Parameters parameters, Classifier classifier) {
    List<double[]> spectra = new ArrayList<>();
    List<double[]> weights = new ArrayList<>();
    for (NDArray matrix : parameters.all()) {
      spectra.add(Spectra.of(matrix));
      weights.add(Parameters.values(matrix));
    }
    double[] margins = classifier.margins(network, parameters.all());
    new Training(parameters, new Sgd(rate, decay))
        .advance(MEAN_OF, step -> classifier.loss(network, parameters.all()));
    double residual = 0;
    double size = 0;
    for (int k = 0; k < weights.size(); k++) {
      double[] after = Parameters.values(parameters.get(k));
      for (int i = 0; i < after.length; i++) {
        double moved = (after[i] - weights.get(k)[i]) / (MEAN_OF * rate);
        residual += moved * moved;
        size += Math.pow(decay * weights.get(k)[i], 2);
      }
    }
    return new Point(spectra, margins, Math.sqrt(residual / size));
  }

  /** Points in all directions, labels by sin(wᵀx), as in section 5. */
  static SphereTask task(Lab lab, String stream, int count, int dimension) {
    return SphereTask.draw(
        lab.random(stream + " data"),
        count,
        dimension,
        0,
        dimension,
        0,
        new SphereTask.Labeling(lab.random(stream + " labels"), dimension, 1));
  }
}
