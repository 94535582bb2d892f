package io.hfmerge.examples.experiment.train;

import ai.djl.ndarray.NDArray;
import io.hfmerge.hf.djl.Scalars;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * A fully connected network without biases, {@code f(x) = W_K σ(W_{K−1} ... σ(W_1 x))}, W_k of
 * shape (outputs, inputs), inputs as rows.
 *
 * @param widths input, hidden layers, output
 * @param power H of the activation max(x, 0)^H; 0 for the identity, a deep linear network
 */
public record Mlp(List<Integer> widths, int power) {

  public Mlp {
    widths = List.copyOf(widths);
  }

  /** Number of weight matrices K. */
  public int layers() {
    return widths.size() - 1;
  }

  /**
   * Adds weight matrices of normal values.
   *
   * @param gain the standard deviation is gain/√inputs
   */
  public void initialise(Parameters parameters, RandomGenerator random, double gain) {
    initialise(parameters, random, gain, 1);
  }

  /**
   * The same, with another beginning of the first layer.
   *
   * @param first times {@code gain} is the first layer's
   */
  public void initialise(Parameters parameters, RandomGenerator random, double gain, double first) {
    for (int k = 0; k < layers(); k++) {
      int inputs = widths.get(k);
      double deviation = gain * (k == 0 ? first : 1) / Math.sqrt(inputs);
      parameters.addNormal(random, deviation, widths.get(k + 1), inputs);
    }
  }

  /**
   * Outputs of shape (n, last width).
   *
   * @param weights W_1 to W_K
   * @param x of shape (n, first width)
   */
  public NDArray output(List<NDArray> weights, NDArray x) {
    NDArray h = x;
    for (int k = 0; k < weights.size(); k++) {
      h = h.matMul(weights.get(k).transpose());
      if (k < weights.size() - 1 && power > 0) {
        h = h.getNDArrayInternal().relu();
        if (power == 2) {
          h = h.square();
        } else if (power > 2) {
          h = h.pow(Scalars.of(h, power));
        }
      }
    }
    return h;
  }
}
