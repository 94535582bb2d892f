package io.hfmerge.analysis.spectral;

/**
 * A matrix {@code [rows, columns]} as the product {@code b a} of two small ones, whose columns and
 * rows have the same norms: {@code b = U √Σ}, {@code a = √Σ Vᵀ}.
 *
 * @param rank number of singular values kept; may be 0
 * @param a {@code [rank, columns]}, row-major
 * @param b {@code [rows, rank]}, row-major
 * @param energy share of the squared Frobenius norm that is kept, from 0 to 1; 1 of a zero matrix
 * @param shortfall bound on the share that the best approximation of this rank keeps beyond {@code
 *     energy}; 0 but for rounding where all singular values were computed
 * @param frobenius Frobenius norm of the matrix that was factored
 */
@SuppressWarnings("ArrayRecordComponent") // a result handed on at once, never compared
public record LowRankMatrix(
    int rank, double[] a, double[] b, double energy, double shortfall, double frobenius) {

  /** The zero matrix, of rank 0. */
  static LowRankMatrix zero() {
    return new LowRankMatrix(0, new double[0], new double[0], 1, 0, 0);
  }
}
