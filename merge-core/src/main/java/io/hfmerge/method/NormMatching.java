package io.hfmerge.method;

import java.util.List;
import java.util.function.Function;

/**
 * Sums of magnitudes of each difference to the base before and after thinning out, and the factors
 * that make them equal: {@code sum |d| / sum |kept d|}, or 1 where either sum is below {@link
 * #VANISHING}.
 *
 * @param base index of the base among the inputs
 * @param terms the models and what stays of them; their factors are not looked at
 * @param then makes the kernel of one factor for each of {@code terms}
 */
record NormMatching(int base, List<SparseTerm> terms, Function<double[], TileKernel> then)
    implements StatisticsPass<double[]> {

  /** Sum of magnitudes below which mergekit leaves a task vector alone; kept, for equal numbers. */
  static final double VANISHING = 1e-7;

  /** For the report. */
  static final String NOT_RESCALED =
      "some task vector, or what stays of it, is too small to rescale (magnitudes add up to less"
          + " than 1e-7)";

  /** For each model the sum of all, then that of what stays. */
  @Override
  public double[] newPartial() {
    return new double[2 * terms.size()];
  }

  @Override
  public void accept(double[] partial, float[][] inputs, int length, long firstElement) {
    DeltaScratch scratch = DeltaScratch.ofThread();
    scratch.reserve(terms.size(), length);
    for (int i = 0; i < terms.size(); i++) {
      float[] x = inputs[terms.get(i).model()];
      scratch.difference(i, x, inputs[base], length);
      scratch.keep(terms.get(i).sparsifier(), i, length, firstElement);
      partial[2 * i] += all(x, inputs[base], length);
      partial[2 * i + 1] += kept(x, inputs[base], scratch.kept(i), length);
    }
  }

  private static double all(float[] x, float[] base, int length) {
    double sum = 0;
    for (int i = 0; i < length; i++) {
      sum += Math.abs((double) x[i] - base[i]);
    }
    return sum;
  }

  private static double kept(float[] x, float[] base, int[] kept, int length) {
    double sum = 0;
    for (int i = 0; i < length; i++) {
      sum += Math.abs(kept[i] * ((double) x[i] - base[i]));
    }
    return sum;
  }

  @Override
  public double[] fold(double[] before, double[] next) {
    for (int i = 0; i < before.length; i++) {
      before[i] += next[i];
    }
    return before;
  }

  @Override
  public TensorMerge next(double[] all) {
    double[] factors = new double[terms.size()];
    boolean left = false;
    for (int i = 0; i < factors.length; i++) {
      boolean vanishes = all[2 * i] < VANISHING || all[2 * i + 1] < VANISHING;
      left |= vanishes && all[2 * i + 1] > 0;
      factors[i] = vanishes ? 1 : all[2 * i] / all[2 * i + 1];
    }
    return then.apply(factors).withRemarks(left ? List.of(NOT_RESCALED) : List.of());
  }

  @Override
  public long scratchBytes(int tileElements) {
    return SparseTerm.scratchBytes(terms, tileElements);
  }

  @Override
  public int granuleElements() {
    return SparseTerm.granuleElements(terms);
  }
}
