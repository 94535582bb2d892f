package io.hfmerge.examples.experiment.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import io.hfmerge.examples.experiment.Cell;
import io.hfmerge.examples.experiment.train.Decay;
import io.hfmerge.examples.experiment.train.Parameters;
import io.hfmerge.examples.experiment.train.Spectra;
import io.hfmerge.hf.djl.Scalars;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * A small causal transformer with learned positions: attention alone without normalisation, or
 * GPT-2's layers with a ReLU network of four times the width, both after a normalisation without
 * weights.
 */
final class AttentionNetwork {

  static final String PRODUCT_RANK = "pseudo-rank of PW_V";
  static final String KEY_QUERY_RANK = "pseudo-rank of W_KᵀW_Q";
  static final String IMBALANCE = "norm of PᵀP − W_VW_Vᵀ";
  static final String GAP = "gap of nuclear and Frobenius norm of PW_V";

  /** Added to scores of positions to come; e to it is 0 in f32. */
  private static final double MASKED = -1e9;

  /** Added to variances before they divide, as in GPT-2. */
  private static final double VARIANCE_FLOOR = 1e-5;

  /** Weight decay of everything but the attention layers, as in the paper. */
  private static final double OTHER_DECAY = 0.1;

  /**
   * Sizes.
   *
   * @param vocabulary number of tokens
   * @param length of sequences
   * @param width of token vectors
   * @param heads per layer; width/heads is the size of keys
   * @param layers of attention
   * @param gpt whether vectors are normalised and a ReLU network follows each attention layer
   */
  record Size(int vocabulary, int length, int width, int heads, int layers, boolean gpt) {
    int keys() {
      return width / heads;
    }
  }

  private record Layer(
      NDArray query, NDArray key, NDArray value, NDArray output, List<NDArray> feedForward) {}

  private final Size size;
  private final NDArray embedding;
  private final NDArray positions;
  private final NDArray readOut;
  private final NDArray mask;
  private final List<Layer> layers = new ArrayList<>();
  private final List<Boolean> isAttention = new ArrayList<>();

  AttentionNetwork(Parameters parameters, RandomGenerator random, Size size) {
    this.size = size;
    int width = size.width();
    embedding = parameters.addNormal(random, 0.5, size.vocabulary(), width);
    positions = parameters.addNormal(random, 0.5, size.length(), width);
    readOut = parameters.addNormal(random, 1 / Math.sqrt(width), width, size.vocabulary());
    isAttention.addAll(List.of(false, false, false));
    for (int l = 0; l < size.layers(); l++) {
      NDArray[] attention = new NDArray[4];
      for (int i = 0; i < 4; i++) {
        attention[i] = parameters.addNormal(random, 1 / Math.sqrt(width), width, width);
        isAttention.add(true);
      }
      List<NDArray> feedForward = new ArrayList<>();
      if (size.gpt()) {
        feedForward.add(parameters.addNormal(random, Math.sqrt(2.0 / width), width, 4L * width));
        feedForward.add(parameters.addNormal(random, 0.5 / Math.sqrt(width), 4L * width, width));
        isAttention.addAll(List.of(false, false));
      }
      layers.add(new Layer(attention[0], attention[1], attention[2], attention[3], feedForward));
    }
    int t = size.length();
    double[] future = new double[t * t];
    for (int i = 0; i < t; i++) {
      for (int j = i + 1; j < t; j++) {
        future[i * t + j] = MASKED;
      }
    }
    mask = parameters.constant(future, new Shape(t, t));
  }

  /** This decay of the attention matrices, 0.1 of the others. */
  Decay decay(double attention) {
    return parameter -> isAttention.get(parameter) ? attention : OTHER_DECAY;
  }

  /**
   * Logits of shape (batch, length, vocabulary).
   *
   * @param tokens ids, of shape (batch · length)
   */
  NDArray logits(NDArray tokens) {
    long t = size.length();
    long batch = tokens.getShape().size() / t;
    NDArray h = embedding.get(tokens).reshape(batch, t, size.width()).add(positions);
    for (Layer layer : layers) {
      NDArray x = normal(h);
      NDArray query = heads(x.matMul(layer.query()), batch);
      NDArray key = heads(x.matMul(layer.key()), batch);
      NDArray value = heads(x.matMul(layer.value()), batch);
      NDArray scores =
          query
              .matMul(key.transpose(0, 1, 3, 2))
              .div(Scalars.of(query, Math.sqrt(size.keys())))
              .add(mask);
      NDArray mixed =
          scores.softmax(-1).matMul(value).transpose(0, 2, 1, 3).reshape(batch, t, size.width());
      h = h.add(mixed.matMul(layer.output()));
      if (size.gpt()) {
        NDArray hidden = normal(h).matMul(layer.feedForward().get(0)).getNDArrayInternal().relu();
        h = h.add(hidden.matMul(layer.feedForward().get(1)));
      }
    }
    return normal(h).matMul(readOut);
  }

  /** Vectors of mean 0 and variance 1, of GPT's layers. */
  private NDArray normal(NDArray h) {
    if (!size.gpt()) {
      return h;
    }
    int[] last = {2};
    NDArray centred = h.sub(h.mean(last, true));
    return centred.div(centred.square().mean(last, true).add(VARIANCE_FLOOR).sqrt());
  }

  private NDArray heads(NDArray projected, long batch) {
    return projected.reshape(batch, size.length(), size.heads(), size.keys()).transpose(0, 2, 1, 3);
  }

  /** Records ranks, balance and gap, means over heads and layers. */
  void record(Cell cell, String group, long step, int repeat) {
    double productRank = 0;
    double keyQueryRank = 0;
    double imbalance = 0;
    double gap = 0;
    int count = size.layers() * size.heads();
    for (Layer layer : layers) {
      SmallMatrix query = matrix(layer.query());
      SmallMatrix key = matrix(layer.key());
      SmallMatrix value = matrix(layer.value());
      SmallMatrix output = matrix(layer.output()).transposed();
      for (int head = 0; head < size.heads(); head++) {
        // columns of a head; A = P and B = W_Vᵀ in the paper's orientation
        SmallMatrix a = columns(output, head);
        SmallMatrix b = columns(value, head);
        double[] product = a.times(b.transposed()).spectrum();
        productRank += Spectra.pseudoRank(product, size.keys()) / count;
        keyQueryRank +=
            Spectra.pseudoRank(
                    columns(key, head).times(columns(query, head).transposed()).spectrum(),
                    size.keys())
                / count;
        imbalance +=
            Math.sqrt(a.transposed().times(a).plus(-1, b.transposed().times(b)).squares()) / count;
        gap += ((a.squares() + b.squares()) / 2 - Spectra.nuclear(product)) / count;
      }
    }
    cell.record(PRODUCT_RANK, group, step, repeat, productRank);
    cell.record(KEY_QUERY_RANK, group, step, repeat, keyQueryRank);
    cell.record(IMBALANCE, group, step, repeat, imbalance);
    cell.record(GAP, group, step, repeat, gap);
  }

  private static SmallMatrix matrix(NDArray array) {
    return new SmallMatrix(
        Parameters.values(array),
        Math.toIntExact(array.getShape().get(0)),
        Math.toIntExact(array.getShape().get(1)));
  }

  private SmallMatrix columns(SmallMatrix matrix, int head) {
    int keys = size.keys();
    double[] some = new double[matrix.rows() * keys];
    for (int i = 0; i < matrix.rows(); i++) {
      System.arraycopy(matrix.values(), i * matrix.columns() + head * keys, some, i * keys, keys);
    }
    return new SmallMatrix(some, matrix.rows(), keys);
  }
}
