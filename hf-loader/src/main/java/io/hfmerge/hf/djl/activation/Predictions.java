package io.hfmerge.hf.djl.activation;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.hfmerge.hf.djl.block.InvalidInputException;
import io.hfmerge.hf.djl.block.TransformerBlock.Wanted;
import io.hfmerge.hf.djl.block.TransformerOutputs;
import io.hfmerge.hf.djl.model.TransformerModel;
import java.util.Arrays;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * What one model says to a sample, kept to be compared with what others say: logits at the places
 * whose predictions the sample looks at, or of models without a head the last hidden states of the
 * tokens that it looks at. Owns native memory until closed.
 */
public final class Predictions implements AutoCloseable {

  private final TextSample sample;
  private final NDManager manager;
  private final NDList kept;
  private final boolean head;

  /**
   * How another model's predictions differ.
   *
   * @param predictions number of predictions compared
   * @param distance mean distance: of models with a head, 1 where the likeliest outputs differ and
   *     0 where they are the same; of others, 1 − cosine of the last hidden states
   * @param divergence mean Kullback-Leibler divergence of the other's probabilities from these, in
   *     nats; empty without a head
   */
  public record Difference(int predictions, double distance, OptionalDouble divergence) {}

  private Predictions(TextSample sample, NDManager manager, NDList kept, boolean head) {
    this.sample = sample;
    this.manager = manager;
    this.kept = kept;
    this.head = head;
  }

  /**
   * Runs a model and keeps what it says.
   *
   * @throws InvalidInputException if its head has one output, a regression
   */
  public static Predictions of(TransformerModel model, TextSample sample) {
    NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    boolean complete = false;
    try {
      NDList kept = new NDList();
      for (int[] batch : sample.batches(Activations.BATCH_TOKENS)) {
        try (NDManager scope = model.newManager()) {
          NDArray rows = rows(model, sample, batch, scope);
          kept.add(rows.toDevice(Device.cpu(), true));
          kept.getLast().attach(manager);
        }
      }
      complete = true;
      return new Predictions(sample, manager, kept, model.block().hasHead());
    } finally {
      if (!complete) {
        manager.close();
      }
    }
  }

  /**
   * Runs another model on the same sample and compares.
   *
   * @param other with outputs as many as this model's
   */
  public Difference against(TransformerModel other) {
    double distance = 0;
    double divergence = 0;
    int count = 0;
    int index = 0;
    for (int[] batch : sample.batches(Activations.BATCH_TOKENS)) {
      try (NDManager scope = other.newManager()) {
        NDArray mine = kept.get(index++);
        NDArray others = rows(other, sample, batch, scope);
        if (!others.getShape().equals(mine.getShape())) {
          throw new InvalidInputException(
              "%s: expected outputs of shape %s, found %s"
                  .formatted(other.files().reference(), mine.getShape(), others.getShape()));
        }
        int rows = Math.toIntExact(mine.getShape().get(0));
        for (int row = 0; row < rows; row++) {
          float[] a = Activations.floats(mine, row);
          float[] b = Activations.floats(others, row);
          if (head) {
            distance += largest(a) == largest(b) ? 0 : 1;
            divergence += divergence(a, b);
          } else {
            distance += 1 - cosine(a, b);
          }
        }
        count += rows;
      }
    }
    return new Difference(
        count,
        distance / count,
        head ? OptionalDouble.of(divergence / count) : OptionalDouble.empty());
  }

  /** Rows {@code [n, V]}, or {@code [n, d]}; those of a sequence classifier are its sequences. */
  private static NDArray rows(
      TransformerModel model, TextSample sample, int[] batch, NDManager manager) {
    boolean head = model.block().hasHead();
    TransformerOutputs outputs =
        model.run(
            sample.inputs(model, manager, batch[0], batch[1]),
            head ? Wanted.LOGITS : Wanted.HIDDEN);
    NDArray logits = outputs.logits();
    NDArray all = logits == null ? outputs.lastHidden() : logits;
    if (logits != null && Activations.width(logits) < 2) {
      throw new InvalidInputException(
          "%s: expected a head with several outputs, found a regression"
              .formatted(model.files().reference()));
    }
    NDArray wide = all.toType(DataType.FLOAT32, false);
    if (wide.getShape().dimension() == 2) {
      return wide;
    }
    long tokens = wide.getShape().get(1);
    long[] places =
        IntStream.range(batch[0], batch[1])
            .boxed()
            .flatMapToLong(sequence ->
                Arrays.stream(head ? sample.predicted(sequence) : sample.looked(sequence))
                    .mapToLong(place -> (sequence - batch[0]) * tokens + place))
            .toArray();
    NDArray flat = wide.reshape(wide.getShape().get(0) * tokens, Activations.width(wide));
    return flat.get(manager.create(places));
  }

  private static int largest(float[] values) {
    int best = 0;
    for (int i = 1; i < values.length; i++) {
      if (values[i] > values[best]) {
        best = i;
      }
    }
    return best;
  }

  /** Of softmax(b) from softmax(a). */
  private static double divergence(float[] a, float[] b) {
    double logA = logSumExp(a);
    double logB = logSumExp(b);
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      double log = a[i] - logA;
      sum += Math.exp(log) * (log - (b[i] - logB));
    }
    // rounding may leave a little less than nothing
    return Math.max(0, sum);
  }

  private static double logSumExp(float[] values) {
    double most = values[largest(values)];
    double sum = 0;
    for (float value : values) {
      sum += Math.exp(value - most);
    }
    return most + Math.log(sum);
  }

  private static double cosine(float[] a, float[] b) {
    double product = 0;
    double first = 0;
    double second = 0;
    for (int i = 0; i < a.length; i++) {
      product += (double) a[i] * b[i];
      first += (double) a[i] * a[i];
      second += (double) b[i] * b[i];
    }
    return Math.min(1, product / Math.sqrt(first * second));
  }

  @Override
  public void close() {
    manager.close();
  }
}
