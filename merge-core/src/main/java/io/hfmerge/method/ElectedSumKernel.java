package io.hfmerge.method;

import io.hfmerge.tensor.DType;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

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

  /** Two models without factors of their own; null for others. */
  private final @Nullable ElectedPair pair;

  /**
   * @param unweighted whether the election leaves weights out
   * @param lambda factor of the sum
   * @param output dtype in which the result is stored; 16 bits and fewer allow sums in F32
   */
  ElectedSumKernel(
      int base,
      List<SparseTerm> terms,
      boolean unweighted,
      boolean normalize,
      double lambda,
      DType output) {
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
    boolean factors = terms.stream().anyMatch(term -> term.sparsifier().hasFactors());
    this.pair = terms.size() == 2 && !factors && inverses.length > 0 ? pair(output) : null;
  }

  private ElectedPair pair(DType output) {
    double[] alone = new double[2];
    double[] together = new double[2];
    for (int i = 0; i < 2; i++) {
      double factor = lambda * coefficients[i];
      alone[i] = normalize ? factor * inverses[1 << i] : factor;
      together[i] = normalize ? factor * inverses[3] : factor;
    }
    return new ElectedPair(
        base, terms.get(0).model(), terms.get(1).model(), voices, alone, together, output);
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
    for (int i = 0; i < terms.size(); i++) {
      SparseTerm term = terms.get(i);
      scratch.difference(i, inputs[term.model()], b, length);
      scratch.keep(term.sparsifier(), i, length, firstElement);
    }
    if (pair != null) {
      pair.merge(scratch, inputs, out, length);
    } else {
      mergeAny(scratch, inputs, out, length);
    }
  }

  private void mergeAny(DeltaScratch scratch, float[][] inputs, float[] out, int length) {
    double[] sum = scratch.sum();
    Arrays.fill(sum, 0, length, 0);
    addAll(voices, scratch, inputs, sum, length);
    narrow(sum, scratch.floats(), length);
    int[] elected = scratch.electedBits(length);
    for (int i = 0; i < terms.size(); i++) {
      Election.agree(scratch.kept(i), scratch.bits(i), Election.sign(voices[i]), elected, length);
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
