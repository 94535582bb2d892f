package io.hfmerge.analysis.metric;

import java.util.List;

/**
 * Numbers of a full spectrum σ₁ ≥ σ₂ ≥ ... ≥ σₙ ≥ 0, n = min(rows, columns).
 *
 * @param nuclear Σσᵢ
 * @param pseudoRank k/n, k the smallest number with σ₁ + ... + σₖ ≥ 0.95 Σσᵢ; 0 for zero or empty
 *     matrices (arXiv:2410.23819, section 4)
 * @param epsilonRank number of σᵢ with σᵢ/σ₁ above ε; 0 for zero or empty matrices
 *     (arXiv:2206.05794, section 4.1)
 * @param epsilonRankLow the least that {@code epsilonRank} can be, with singular values as close to
 *     the threshold as their accuracy counted as below it
 * @param epsilonRankHigh the most that it can be
 * @param effectiveRank the exponential of the entropy of σᵢ/Σσ, from 1 to n; 0 for zero or empty
 *     matrices (Roy and Vetterli, EUSIPCO 2007)
 * @param singularValues all of them, descending
 */
public record SpectrumMetrics(
    double nuclear,
    double pseudoRank,
    int epsilonRank,
    int epsilonRankLow,
    int epsilonRankHigh,
    double effectiveRank,
    List<Double> singularValues) {

  public SpectrumMetrics {
    singularValues = List.copyOf(singularValues);
  }

  /** Squares closer than this to the threshold's, relative to it, lie on it. */
  private static final double CLOSE = 2e-9;

  /** Share of the nuclear norm that the pseudo-rank covers. */
  static final double PSEUDO_RANK_SHARE = 0.95;

  /**
   * Computes all of it, sums in f64 from the largest value down.
   *
   * @param descending singular values, finite
   * @param epsilon threshold relative to σ₁, not negative
   * @param errorBound bound on the relative error of σ₁; the squares of all others have that of
   *     σ₁², absolutely
   */
  public static SpectrumMetrics of(List<Double> descending, double epsilon, double errorBound) {
    double nuclear = descending.stream().mapToDouble(Double::doubleValue).sum();
    if (!(nuclear > 0)) {
      return new SpectrumMetrics(0, 0, 0, 0, 0, 0, descending);
    }
    double largest = descending.get(0);
    int above = 0;
    int low = 0;
    int high = 0;
    double threshold = epsilon * epsilon;
    double doubt = Math.max(CLOSE * threshold, 2 * errorBound);
    double entropy = 0;
    for (double value : descending) {
      if (value / largest > epsilon) {
        above++;
      }
      double square = value / largest * (value / largest);
      low += square > threshold + doubt ? 1 : 0;
      high += square > threshold - doubt ? 1 : 0;
      double share = value / nuclear;
      if (share > 0) {
        entropy -= share * Math.log(share);
      }
    }
    return new SpectrumMetrics(
        nuclear,
        pseudoRank(descending, descending.size()),
        above,
        low,
        high,
        Math.exp(entropy),
        descending);
  }

  /** The pseudo-rank with another denominator n; 0 where all values are 0. */
  static double pseudoRank(List<Double> descending, int n) {
    double target = PSEUDO_RANK_SHARE * descending.stream().mapToDouble(Double::doubleValue).sum();
    if (!(target > 0)) {
      return 0;
    }
    double sum = 0;
    int k = 0;
    while (k < descending.size() && sum < target) {
      sum += descending.get(k);
      k++;
    }
    return (double) k / n;
  }
}
