package io.hfmerge.hf.djl.activation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.hfmerge.hf.djl.block.ActivationListener;
import io.hfmerge.hf.djl.block.TransformerBlock.Wanted;
import io.hfmerge.hf.djl.model.TransformerModel;
import java.util.ArrayList;
import java.util.List;

/** Runs models on samples and keeps what flows through their layers. */
public final class Activations {

  /** Tokens that run at a time, so that activations stay small beside weights. */
  static final int BATCH_TOKENS = 1024;

  private Activations() {}

  /** Hears of the inputs of matrices. */
  @FunctionalInterface
  public interface InputListener {

    /**
     * Inputs of all samples at one place of the model.
     *
     * @param layer from 0
     * @param inputs one a sample, a row for each token looked at
     */
    void inputs(int layer, ActivationListener.Reader reader, List<Rows> inputs);
  }

  /**
   * The states after each layer, at the tokens that the sample looks at.
   *
   * @return one a layer
   */
  public static List<Rows> outputs(TransformerModel model, TextSample sample) {
    int layers = model.block().layers().size();
    List<float[]> values = new ArrayList<>();
    int[] columns = new int[1];
    int[] filled = new int[layers];
    for (int[] batch : sample.batches(BATCH_TOKENS)) {
      ActivationListener listener =
          new ActivationListener() {
            @Override
            public void output(int layer, NDArray states) {
              columns[0] = width(states);
              if (layer == values.size()) {
                values.add(new float[Math.multiplyExact(sample.tokens(), columns[0])]);
              }
              filled[layer] =
                  copy(sample, batch[0], batch[1], 0, states, values.get(layer), filled[layer]);
            }
          };
      try (NDManager manager = model.newManager()) {
        model.run(
            sample.inputs(model, manager, batch[0], batch[1]), Wanted.HIDDEN.heardBy(listener));
      }
    }
    return values.stream().map(array -> new Rows(array, columns[0])).toList();
  }

  /**
   * The inputs of every matrix of the layers for several samples, which run together: nothing is
   * kept but what the listener keeps.
   */
  public static void inputs(
      TransformerModel model, List<TextSample> samples, InputListener listener) {
    TextSample all = TextSample.joined(samples);
    ActivationListener rows =
        new ActivationListener() {
          @Override
          public void input(int layer, Reader reader, NDArray input) {
            List<Rows> bySample = new ArrayList<>();
            int width = width(input);
            int begin = 0;
            for (TextSample sample : samples) {
              float[] values = new float[Math.multiplyExact(sample.tokens(), width)];
              copy(all, begin, begin + sample.sequences(), begin, input, values, 0);
              bySample.add(new Rows(values, width));
              begin += sample.sequences();
            }
            listener.inputs(layer, reader, bySample);
          }
        };
    try (NDManager manager = model.newManager()) {
      model.run(all.inputs(model, manager, 0, all.sequences()), Wanted.HIDDEN.heardBy(rows));
    }
  }

  static int width(NDArray states) {
    return Math.toIntExact(states.getShape().get(states.getShape().dimension() - 1));
  }

  /**
   * Copies the rows looked at of some sequences.
   *
   * @param offset place in the batch of the first of them
   * @param filled values that are there already
   * @return values that are there now
   */
  private static int copy(
      TextSample sample,
      int first,
      int end,
      int offset,
      NDArray states,
      float[] values,
      int filled) {
    int width = width(states);
    int at = filled;
    for (int i = first; i < end; i++) {
      float[] sequence = floats(states, offset + i - first);
      for (int place : sample.looked(i)) {
        System.arraycopy(sequence, place * width, values, at, width);
        at += width;
      }
    }
    return at;
  }

  /** One sequence of a batch. */
  static float[] floats(NDArray states, int sequence) {
    try (NDArray one = states.get(sequence);
        NDArray wide = one.toType(DataType.FLOAT32, true)) {
      return wide.toFloatArray();
    }
  }
}
