package io.hfmerge.examples.experiment.sgdrank;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import io.hfmerge.examples.experiment.train.Parameters;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * The networks of arXiv:2206.05794, section 4.1, with batch statistics in their normalisation:
 * MLP-BN-L-H, and a small residual network of convolutions.
 */
final class ImageNetwork {

  private static final float BATCH_NORM_EPSILON = 1e-5f;

  /** Weight of a batch in the running statistics. */
  private static final float MOMENTUM = 0.9f;

  /** One layer with a matrix. */
  record Layer(String name, NDArray weights, int patches) {}

  private final Parameters parameters;
  private final List<Layer> layers = new ArrayList<>();
  private final List<NDArray> scales = new ArrayList<>();
  private final List<NDArray> shifts = new ArrayList<>();
  private final List<NDArray> running = new ArrayList<>();
  private final boolean convolutional;
  private final int side;

  private ImageNetwork(Parameters parameters, boolean convolutional, int side) {
    this.parameters = parameters;
    this.convolutional = convolutional;
    this.side = side;
  }

  /** L hidden layers of width H, each with batch normalisation and ReLU, and an output layer. */
  static ImageNetwork mlp(
      Parameters parameters, RandomGenerator random, int inputs, int hidden, int width) {
    ImageNetwork network = new ImageNetwork(parameters, false, 0);
    int from = inputs;
    for (int l = 0; l < hidden; l++) {
      network.linear("W" + (l + 1), random, width, from);
      network.norm(width);
      from = width;
    }
    network.linear("output", random, 10, from);
    return network;
  }

  /**
   * A convolution, two residual blocks of two convolutions, a 4 x 4 pooling and two linear layers.
   */
  static ImageNetwork residual(
      Parameters parameters, RandomGenerator random, int channels, int side, int width) {
    ImageNetwork network = new ImageNetwork(parameters, true, side);
    network.convolution("stem", random, width, channels);
    for (int block = 1; block <= 2; block++) {
      network.convolution("block " + block + " a", random, width, width);
      network.convolution("block " + block + " b", random, width, width);
    }
    int pooled = width * (side / 4) * (side / 4);
    network.linear("linear", random, 64, pooled);
    network.norm(64);
    network.linear("output", random, 10, 64);
    return network;
  }

  private void linear(String name, RandomGenerator random, int outputs, int inputs) {
    layers.add(
        new Layer(name, parameters.addNormal(random, Math.sqrt(2.0 / inputs), outputs, inputs), 1));
  }

  /** 3 x 3 with padding: as many patches as pixels. */
  private void convolution(String name, RandomGenerator random, int outputs, int inputs) {
    layers.add(
        new Layer(
            name,
            parameters.addNormal(random, Math.sqrt(2.0 / (inputs * 9)), outputs, inputs, 3, 3),
            side * side));
    norm(outputs);
  }

  private void norm(int width) {
    scales.add(parameters.addFilled(1, width));
    shifts.add(parameters.addFilled(0, width));
    running.add(parameters.constant(new double[width], new Shape(width)));
    double[] ones = new double[width];
    java.util.Arrays.fill(ones, 1);
    running.add(parameters.constant(ones, new Shape(width)));
  }

  List<Layer> layers() {
    return layers;
  }

  /**
   * Logits of shape (n, 10).
   *
   * @param x of shape (n, pixels), or (n, channels, side, side) for convolutions
   */
  NDArray output(NDArray x) {
    if (!convolutional) {
      NDArray h = x;
      for (int l = 0; l < layers.size() - 1; l++) {
        h = relu(normalised(h.matMul(layers.get(l).weights().transpose()), l));
      }
      return h.matMul(layers.getLast().weights().transpose());
    }
    NDArray h = relu(normalised(convolved(x, 0), 0));
    for (int block = 0; block < 2; block++) {
      int l = 1 + 2 * block;
      NDArray inner = relu(normalised(convolved(h, l), l));
      h = relu(normalised(convolved(inner, l + 1), l + 1).add(h));
    }
    NDArray pooled =
        h.getNDArrayInternal()
            .avgPool(new Shape(4, 4), new Shape(4, 4), new Shape(0, 0), false, true);
    NDArray flat = pooled.reshape(new Shape(pooled.getShape().get(0), -1));
    NDArray last = relu(normalised(flat.matMul(layers.get(5).weights().transpose()), 5));
    return last.matMul(layers.get(6).weights().transpose());
  }

  private NDArray convolved(NDArray x, int layer) {
    // the engine takes no absent bias
    NDArray bias =
        layers
            .get(layer)
            .weights()
            .getManager()
            .zeros(new Shape(layers.get(layer).weights().getShape().get(0)));
    return x.getNDArrayInternal()
        .convolution(
            x,
            layers.get(layer).weights(),
            bias,
            new Shape(1, 1),
            new Shape(1, 1),
            new Shape(1, 1),
            1)
        .singletonOrThrow();
  }

  private NDArray normalised(NDArray h, int layer) {
    NDList result =
        h.getNDArrayInternal()
            .batchNorm(
                h,
                running.get(2 * layer),
                running.get(2 * layer + 1),
                scales.get(layer),
                shifts.get(layer),
                1,
                MOMENTUM,
                BATCH_NORM_EPSILON,
                true);
    return result.get(0);
  }

  private static NDArray relu(NDArray h) {
    return h.getNDArrayInternal().relu();
  }
}
