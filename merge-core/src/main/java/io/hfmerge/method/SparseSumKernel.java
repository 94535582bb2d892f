package io.hfmerge.method;

import java.util.Arrays;
import java.util.List;

/**
 * {@code r = b + lambda sum_i w_i f_i m_i (x_i - b)}, where m_i is 1 for entries that stay and 0
 * for others, added from left to right before the base.
 *
 * <p>Zero times NaN or infinity is NaN: no such value is dropped unseen. Where the sum is zero the
 * result is the base bit for bit, a negative zero included.
 */
final class SparseSumKernel implements TileKernel {

  private final int base;
  private final List<SparseTerm> terms;
  private final double[] coefficients;
  private final int granule;

  SparseSumKernel(int base, List<SparseTerm> terms, double lambda) {
    this.base = base;
    this.terms = List.copyOf(terms);
    this.coefficients =
        terms.stream().mapToDouble(term -> lambda * term.weight() * term.factor()).toArray();
    this.granule = SparseTerm.granuleElements(terms);
  }

  @Override
  public long scratchBytes(int tileElements) {
    return SparseTerm.scratchBytes(terms, tileElements);
  }

  @Override
  public int granuleElements() {
    return granule;
  }

  @Override
  public void merge(float[][] inputs, float[] out, int length, long firstElement) {
    DeltaScratch scratch = DeltaScratch.ofThread();
    scratch.reserve(terms.size(), length);
    float[] b = inputs[base];
    double[] sum = scratch.sum();
    Arrays.fill(sum, 0, length, 0);
    for (int i = 0; i < terms.size(); i++) {
      SparseTerm term = terms.get(i);
      float[] x = inputs[term.model()];
      scratch.difference(i, x, b, length);
      scratch.keep(term.sparsifier(), i, length, firstElement);
      if (term.sparsifier().hasFactors()) {
        add(coefficients[i], scratch.factors(i), scratch.kept(i), x, b, sum, length);
      } else {
        add(coefficients[i], scratch.kept(i), x, b, sum, length);
      }
    }
    finish(b, sum, out, length);
  }

  static void add(
      double coefficient, int[] kept, float[] x, float[] base, double[] sum, int length) {
    for (int i = 0; i < length; i++) {
      sum[i] += coefficient * kept[i] * ((double) x[i] - base[i]);
    }
  }

  static void add(
      double coefficient,
      double[] factors,
      int[] kept,
      float[] x,
      float[] base,
      double[] sum,
      int length) {
    for (int i = 0; i < length; i++) {
      sum[i] += coefficient * kept[i] * factors[i] * ((double) x[i] - base[i]);
    }
  }

  /** Subtracting from positive zero first makes either zero positive, and b - (+0) is b. */
  static void finish(float[] base, double[] sum, float[] out, int length) {
    for (int i = 0; i < length; i++) {
      out[i] = (float) (base[i] - (0.0 - sum[i]));
    }
  }
}
