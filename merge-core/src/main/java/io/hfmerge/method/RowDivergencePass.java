package io.hfmerge.method;

import java.util.Arrays;
import java.util.function.Function;

/**
 * The Kullback-Leibler divergence of each row of a model from the base's: {@code sum P ln(P/Q)}
 * with {@code P = softmax(x) + 1e-8} and {@code Q = softmax(b) + 1e-8}, the softmaxes in F32 as in
 * {@link TorchSoftmax}, all else in F64. Each softmax sums to 1 up to some 1e-7 only, so that rows
 * which differ by less than that may have a divergence below 0, as they have in the reference.
 */
final class RowDivergencePass implements StatisticsPass<RowDivergencePass.Rows> {

  /** mergekit's, against the logarithm of 0. */
  private static final double FLOOR = 1e-8;

  private final int other;
  private final int base;
  private final int columns;
  private final Function<double[], TensorMerge> then;
  private final ThreadLocal<float[][]> scratch;

  /** Divergences of rows, in order. */
  static final class Rows {
    private double[] values = new double[64];
    private int count;

    private void append(double value) {
      if (count == values.length) {
        values = Arrays.copyOf(values, 2 * count);
      }
      values[count++] = value;
    }
  }

  RowDivergencePass(int other, int base, int columns, Function<double[], TensorMerge> then) {
    this.other = other;
    this.base = base;
    this.columns = columns;
    this.then = then;
    this.scratch = ThreadLocal.withInitial(() -> new float[2][columns]);
  }

  @Override
  public int granuleElements() {
    return columns;
  }

  @Override
  public long scratchBytes(int tileElements) {
    return 2L * Float.BYTES * columns;
  }

  @Override
  public Rows newPartial() {
    return new Rows();
  }

  @Override
  public void accept(Rows partial, float[][] inputs, int length, long firstElement) {
    float[] p = scratch.get()[0];
    float[] q = scratch.get()[1];
    for (int row = 0; row < length; row += columns) {
      TorchSoftmax.of(inputs[other], row, p);
      TorchSoftmax.of(inputs[base], row, q);
      double divergence = 0;
      for (int i = 0; i < columns; i++) {
        double share = p[i] + FLOOR;
        divergence += share * Math.log(share / (q[i] + FLOOR));
      }
      partial.append(divergence);
    }
  }

  @Override
  public Rows fold(Rows before, Rows next) {
    for (int i = 0; i < next.count; i++) {
      before.append(next.values[i]);
    }
    return before;
  }

  @Override
  public TensorMerge next(Rows all) {
    return then.apply(all.values);
  }
}
