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
 * @param effectiveRank the exponential of the entropy of σᵢ/Σσ, from 1 to n; 0 for zero or empty
 *     matrices (Roy and Vetterli, EUSIPCO 2007)
 */
public record SpectrumMetrics(
    double nuclear, double pseudoRank, int epsilonRank, double effectiveRank) {

  /** Share of the nuclear norm that the pseudo-rank covers. */
  static final double PSEUDO_RANK_SHARE = 0.95;

  /**
   * Computes all four, sums in f64 from the largest value down.
   *
   * @param descending singular values, finite
   * @param epsilon threshold relative to σ₁, not negative
   */
  public static SpectrumMetrics of(List<Double> descending, double epsilon) {
    double nuclear = descending.stream().mapToDouble(Double::doubleValue).sum();
    if (!(nuclear > 0)) {
      return new SpectrumMetrics(0, 0, 0, 0);
    }
    double largest = descending.get(0);
    int above = 0;
    double entropy = 0;
    for (double value : descending) {
      if (value / largest > epsilon) {
        above++;
      }
      double share = value / nuclear;
      if (share > 0) {
        entropy -= share * Math.log(share);
      }
    }
    return new SpectrumMetrics(
        nuclear, pseudoRank(descending, descending.size()), above, Math.exp(entropy));
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
