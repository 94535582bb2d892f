package io.hfmerge.examples.experiment.sgdrank;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import io.hfmerge.examples.experiment.train.Parameters;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Networks of arXiv:2206.05794, with batch statistics in their normalisation: MLP-BN-L-H of section
 * 4.1, and a small one of Appendix B's residual networks of convolutions and linear layers.
 */
final class ImageNetwork {

  private static final float BATCH_NORM_EPSILON = 1e-5f;

  /** Weight of a batch in the running statistics. */
  private static final float MOMENTUM = 0.9f;

  /** Residual blocks of either kind; the paper has five. */
  private static final int BLOCKS = 2;

  /** Layers of a residual block. */
  private static final int IN_BLOCK = 2;

  /**
   * One layer with a matrix.
   *
   * @param patches m_l, on how many places of an image the matrix acts
   * @param inBlock whether it is part of a residual block
   */
  record Layer(String name, NDArray weights, int patches, boolean inBlock) {
    boolean isConvolution() {
      return patches > 1;
    }
  }

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
      network.linear("W" + (l + 1), random, width, from, false);
      network.norm(width);
      from = width;
    }
    network.linear("output", random, 10, from, false);
    return network;
  }

  /**
   * A convolution, residual blocks of two convolutions, a 4 x 4 pooling that the paper does
   * without, a linear layer, residual blocks of two linear layers, and an output layer. All
   * matrices in blocks have the same smaller side, the width.
   */
  static ImageNetwork residual(
      Parameters parameters, RandomGenerator random, int channels, int side, int width) {
    ImageNetwork network = new ImageNetwork(parameters, true, side);
    network.convolution("stem", random, width, channels, false);
    for (int i = 1; i <= BLOCKS * IN_BLOCK; i++) {
      network.convolution("convolution " + i, random, width, width, true);
    }
    int pooled = width * (side / 4) * (side / 4);
    network.linear("adjust", random, width, pooled, false);
    network.norm(width);
    for (int i = 1; i <= BLOCKS * IN_BLOCK; i++) {
      network.linear("linear " + i, random, width, width, true);
      network.norm(width);
    }
    network.linear("output", random, 10, width, false);
    return network;
  }

  private void linear(
      String name, RandomGenerator random, int outputs, int inputs, boolean inBlock) {
    layers.add(
        new Layer(
            name,
            parameters.addNormal(random, Math.sqrt(2.0 / inputs), outputs, inputs),
            1,
            inBlock));
  }

  /** 3 x 3 with padding: as many patches as pixels. */
  private void convolution(
      String name, RandomGenerator random, int outputs, int inputs, boolean inBlock) {
    layers.add(
        new Layer(
            name,
            parameters.addNormal(random, Math.sqrt(2.0 / (inputs * 9)), outputs, inputs, 3, 3),
            side * side,
            inBlock));
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
        h = relu(normalised(multiplied(h, l), l));
      }
      return multiplied(h, layers.size() - 1);
    }
    int layer = 0;
    NDArray h = relu(normalised(convolved(x, layer), layer++));
    for (int block = 0; block < BLOCKS; block++) {
      NDArray inner = relu(normalised(convolved(h, layer), layer++));
      h = relu(normalised(convolved(inner, layer), layer++).add(h));
    }
    NDArray pooled =
        h.getNDArrayInternal()
            .avgPool(new Shape(4, 4), new Shape(4, 4), new Shape(0, 0), false, true);
    h = pooled.reshape(new Shape(pooled.getShape().get(0), -1));
    h = relu(normalised(multiplied(h, layer), layer++));
    for (int block = 0; block < BLOCKS; block++) {
      NDArray inner = relu(normalised(multiplied(h, layer), layer++));
      h = relu(normalised(multiplied(inner, layer), layer++).add(h));
    }
    return multiplied(h, layer);
  }

  private NDArray multiplied(NDArray h, int layer) {
    return h.matMul(layers.get(layer).weights().transpose());
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
