package io.hfmerge.analysis.metric;

import java.util.Arrays;
import java.util.OptionalDouble;

/**
 * How far the Schatten norm of a product may be from the norms of its factors, by their imbalance
 * (arXiv:2410.23819, appendix A.4).
 */
public final class BalanceBounds {

  private BalanceBounds() {}

  /**
   * Proposition A.4: {@code |‖ABᵀ‖_* − ½(‖A‖_F² + ‖B‖_F²)|} is at most this.
   *
   * @param imbalance ‖AᵀA − BᵀB‖_*
   * @param nuclearA ‖A‖_*
   * @param nuclearB ‖B‖_*
   */
  public static double ofPair(double imbalance, double nuclearA, double nuclearB) {
    return Math.sqrt(imbalance) * (nuclearA + nuclearB) / 2;
  }

  /**
   * Proposition A.5: {@code |‖A₁⋯A_L‖_{2/L}^{2/L} − (1/L) Σ‖A_l‖_F²|} is at most this, for factors
   * with {@code ‖A_lᵀA_l − A_{l+1}A_{l+1}ᵀ‖_* ≤ ε} for all l.
   *
   * <p>For two factors it is 4e r times {@link #ofPair}, so never the tighter one. For more, both
   * sides scale differently with the factors: it is what the paper states.
   *
   * @param rank r, the inner width that the factors share
   * @param nuclear ‖A_l‖_* of each factor, at least two
   * @param epsilon ε, the largest imbalance of neighbours
   * @return empty where the proposition's condition ε ≤ L⁻⁴ min ‖A_l‖_*^L does not hold
   */
  public static OptionalDouble ofChain(int rank, double[] nuclear, double epsilon) {
    int count = nuclear.length;
    if (count < 2) {
      throw new IllegalArgumentException("a product has two factors or more, found " + count);
    }
    double fourth = Math.pow(count, 4);
    double least = Arrays.stream(nuclear).min().orElse(0);
    if (!(epsilon <= Math.pow(least, count) / fourth)) {
      return OptionalDouble.empty();
    }
    double powers = Arrays.stream(nuclear).map(x -> Math.pow(x, count - 1)).sum();
    double root = Math.exp(2.0 / count) * Math.pow(fourth * epsilon, 1.0 / count);
    return OptionalDouble.of(rank * powers / count * root);
  }
}
