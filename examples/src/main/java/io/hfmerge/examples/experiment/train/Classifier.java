package io.hfmerge.examples.experiment.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import io.hfmerge.examples.experiment.data.SphereTask;
import java.util.List;

/**
 * A two-class problem on a device, with what is measured on it.
 *
 * @param inputs of shape (n, d)
 * @param signs of shape (n, 1), −1 or 1
 */
public record Classifier(NDArray inputs, NDArray signs) {

  /** Copies a task to where the parameters are. */
  public static Classifier of(Parameters parameters, SphereTask task) {
    return new Classifier(
        parameters.constant(task.inputs(), new Shape(task.count(), task.dimension())),
        parameters.constant(task.signs(), new Shape(task.count(), 1)));
  }

  /** Mean logistic loss of a network. */
  public NDArray loss(Mlp network, List<NDArray> weights) {
    return Losses.logistic(network.output(weights, inputs), signs);
  }

  /** y f(x) of every point. */
  public double[] margins(Mlp network, List<NDArray> weights) {
    return Parameters.values(network.output(weights, inputs).mul(signs));
  }

  /** Mean logistic loss of these margins. */
  public static double loss(double[] margins) {
    double sum = 0;
    for (double margin : margins) {
      sum += Math.max(-margin, 0) + Math.log1p(Math.exp(-Math.abs(margin)));
    }
    return sum / margins.length;
  }

  /** Share of margins at or below a threshold; 0 gives the classification error. */
  public static double shareBelow(double[] margins, double threshold) {
    int below = 0;
    for (double margin : margins) {
      if (!(margin > threshold)) {
        below++;
      }
    }
    return (double) below / margins.length;
  }
}
