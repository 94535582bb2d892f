package io.hfmerge.method;

import java.util.Arrays;
import java.util.List;

/**
 * Sums of thinned-out task vectors whose entries agree with the elected sign.
 *
 * <pre>
 * v_i = w_i f_i m_i (x_i - b)               m_i: 1 for entries that stay, 0 for others
 * S = sum_i v_i                             unweighted: sum_i f_i m_i (x_i - b)
 * a_i = 1 where the addend in S has the sign of S (+ if S is zero) and is not zero, else 0
 * r = b + lambda sum_i a_i v_i              normalize: r = b + lambda sum_i a_i v_i / q,
 *                                           q = sum_i a_i w_i, 1 if zero
 * </pre>
 *
 * <p>Masks are bits of integers, so that no loop branches. Zero times NaN or infinity is NaN: no
 * such value is dropped unseen. Where the sum is zero the result is the base bit for bit.
 */
final class ElectedSumKernel implements TileKernel {

  /** Models up to which every combination of them has its divisor in a table. */
  private static final int MOST_TABLED = 8;

  private final int base;
  private final List<SparseTerm> terms;
  private final double[] voices;
  private final double[] coefficients;
  private final double[] weights;
  private final double lambda;
  private final boolean normalize;

  /** See {@link #inverses}; empty where there is no table. */
  private final double[] inverses;

  private final int granule;

  /**
   * @param unweighted whether the election leaves weights out
   * @param lambda factor of the sum
   */
  ElectedSumKernel(
      int base, List<SparseTerm> terms, boolean unweighted, boolean normalize, double lambda) {
    this.base = base;
    this.terms = List.copyOf(terms);
    this.voices =
        terms.stream()
            .mapToDouble(term -> unweighted ? term.factor() : term.weight() * term.factor())
            .toArray();
    this.weights = terms.stream().mapToDouble(SparseTerm::weight).toArray();
    this.coefficients = terms.stream().mapToDouble(term -> term.weight() * term.factor()).toArray();
    this.lambda = lambda;
    this.normalize = normalize;
    double[] table = terms.size() <= MOST_TABLED ? inverses(weights) : new double[0];
    // one over a subnormal sum is no number
    this.inverses = Arrays.stream(table).allMatch(Double::isFinite) ? table : new double[0];
    this.granule = SparseTerm.granuleElements(terms);
  }

  /** One over the sum of the weights of each set of models, 1 where it is zero; by bits. */
  private static double[] inverses(double[] weights) {
    double[] inverses = new double[1 << weights.length];
    for (int set = 0; set < inverses.length; set++) {
      double sum = 0;
      for (int i = 0; i < weights.length; i++) {
        if ((set >> i & 1) != 0) {
          sum += weights[i];
        }
      }
      inverses[set] = sum == 0 ? 1 : 1 / sum;
    }
    return inverses;
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
    for (int i = 0; i < terms.size(); i++) {
      SparseTerm term = terms.get(i);
      scratch.difference(i, inputs[term.model()], b, length);
      scratch.keep(term.sparsifier(), i, length, firstElement);
    }
    boolean factors = terms.stream().anyMatch(term -> term.sparsifier().hasFactors());
    if (terms.size() == 2 && !factors && inverses.length > 0) {
      mergeTwo(scratch, inputs, out, length);
    } else {
      mergeAny(scratch, inputs, out, length);
    }
  }

  private void mergeTwo(DeltaScratch scratch, float[][] inputs, float[] out, int length) {
    float[] b = inputs[base];
    float[] x = inputs[terms.get(0).model()];
    float[] y = inputs[terms.get(1).model()];
    int[] keptX = scratch.kept(0);
    int[] keptY = scratch.kept(1);
    elect(voices[0], keptX, x, voices[1], keptY, y, b, scratch.floats(), length);
    int[] elected = scratch.electedBits(length);
    agree(keptX, scratch.bits(0), sign(voices[0]), elected, length);
    agree(keptY, scratch.bits(1), sign(voices[1]), elected, length);
    // of either alone, and how much that changes where the other one takes part
    double aloneX = lambda * coefficients[0] * (normalize ? inverses[1] : 1);
    double aloneY = lambda * coefficients[1] * (normalize ? inverses[2] : 1);
    double togetherX = normalize ? lambda * coefficients[0] * inverses[3] - aloneX : 0;
    double togetherY = normalize ? lambda * coefficients[1] * inverses[3] - aloneY : 0;
    sumTwo(aloneX, togetherX, keptX, x, aloneY, togetherY, keptY, y, b, out, length);
  }

  private static void elect(
      double c,
      int[] keptX,
      float[] x,
      double d,
      int[] keptY,
      float[] y,
      float[] base,
      float[] sum,
      int length) {
    for (int i = 0; i < length; i++) {
      double b = base[i];
      sum[i] = (float) (c * keptX[i] * (x[i] - b) + d * keptY[i] * (y[i] - b));
    }
  }

  private static void sumTwo(
      double alone,
      double together,
      int[] inX,
      float[] x,
      double aloneY,
      double togetherY,
      int[] inY,
      float[] y,
      float[] base,
      float[] out,
      int length) {
    for (int i = 0; i < length; i++) {
      double b = base[i];
      double m = inX[i];
      double n = inY[i];
      double sum =
          m * (alone + n * together) * (x[i] - b) + n * (aloneY + m * togetherY) * (y[i] - b);
      out[i] = (float) (b - (0.0 - sum));
    }
  }

  /**
   * Unmarks entries whose voice has not the elected sign, and zeros, which have no voice.
   *
   * @param marks 1 or 0, in and out
   * @param bits bits of the differences
   * @param sign sign bit of the factor they have in the election
   * @param elected bits of the sums
   */
  private static void agree(int[] marks, int[] bits, int sign, int[] elected, int length) {
    for (int i = 0; i < length; i++) {
      int disagrees = (bits[i] ^ sign ^ elected[i]) >>> 31;
      int voiced = -(bits[i] & Cut.MAGNITUDE) >>> 31;
      marks[i] &= voiced & ~disagrees;
    }
  }

  private static int sign(double voice) {
    return voice < 0 ? Integer.MIN_VALUE : 0;
  }

  private void mergeAny(DeltaScratch scratch, float[][] inputs, float[] out, int length) {
    double[] sum = scratch.sum();
    Arrays.fill(sum, 0, length, 0);
    addAll(voices, scratch, inputs, sum, length);
    narrow(sum, scratch.floats(), length);
    int[] elected = scratch.electedBits(length);
    for (int i = 0; i < terms.size(); i++) {
      agree(scratch.kept(i), scratch.bits(i), sign(voices[i]), elected, length);
    }
    Arrays.fill(sum, 0, length, 0);
    addAll(coefficients, scratch, inputs, sum, length);
    if (normalize) {
      divide(scratch, sum, length);
    }
    finish(lambda, inputs[base], sum, out, length);
  }

  private void addAll(
      double[] factors, DeltaScratch scratch, float[][] inputs, double[] sum, int length) {
    float[] b = inputs[base];
    for (int i = 0; i < terms.size(); i++) {
      SparseTerm term = terms.get(i);
      float[] x = inputs[term.model()];
      int[] kept = scratch.kept(i);
      if (term.sparsifier().hasFactors()) {
        SparseSumKernel.add(factors[i], scratch.factors(i), kept, x, b, sum, length);
      } else {
        SparseSumKernel.add(factors[i], kept, x, b, sum, length);
      }
    }
  }

  /** The sign survives, also of a sum too small for a float. */
  private static void narrow(double[] sum, float[] out, int length) {
    for (int i = 0; i < length; i++) {
      out[i] = (float) sum[i];
    }
  }

  private void divide(DeltaScratch scratch, double[] sum, int length) {
    if (inverses.length > 0) {
      int[] sets = scratch.dropped(length);
      Arrays.fill(sets, 0, length, 0);
      for (int i = 0; i < terms.size(); i++) {
        include(i, scratch.kept(i), sets, length);
      }
      for (int i = 0; i < length; i++) {
        sum[i] *= inverses[sets[i]];
      }
      return;
    }
    double[] weight = scratch.weights();
    Arrays.fill(weight, 0, length, 0);
    for (int i = 0; i < terms.size(); i++) {
      addWeights(weights[i], scratch.kept(i), weight, length);
    }
    for (int i = 0; i < length; i++) {
      sum[i] /= weight[i] == 0 ? 1 : weight[i];
    }
  }

  private static void include(int model, int[] kept, int[] sets, int length) {
    for (int i = 0; i < length; i++) {
      sets[i] |= kept[i] << model;
    }
  }

  private static void addWeights(double weight, int[] kept, double[] sums, int length) {
    for (int i = 0; i < length; i++) {
      sums[i] += weight * kept[i];
    }
  }

  private static void finish(double lambda, float[] base, double[] sum, float[] out, int length) {
    for (int i = 0; i < length; i++) {
      out[i] = (float) (base[i] - (0.0 - lambda * sum[i]));
    }
  }
}
