package io.hfmerge.examples.experiment.train;

import ai.djl.ndarray.NDArray;
import io.hfmerge.analysis.spectral.SingularValues;
import java.util.Arrays;

/** Ranks and norms of small matrices, from all their singular values in f64. */
public final class Spectra {

  /** Share of the nuclear norm that the pseudo-rank covers (arXiv:2410.23819, section 4). */
  private static final double PSEUDO_RANK_SHARE = 0.95;

  private Spectra() {}

  /** Singular values, descending; all NaN where an element is NaN or infinite. */
  public static double[] of(NDArray matrix) {
    int rows = Math.toIntExact(matrix.getShape().get(0));
    int columns = Math.toIntExact(matrix.getShape().size() / Math.max(1, rows));
    return of(Parameters.values(matrix), rows, columns);
  }

  /** The same of a row-major array. */
  public static double[] of(double[] matrix, int rows, int columns) {
    try {
      return SingularValues.of(matrix, rows, columns);
    } catch (ArithmeticException e) {
      double[] diverged = new double[Math.min(rows, columns)];
      Arrays.fill(diverged, Double.NaN);
      return diverged;
    }
  }

  /** √Σσ². */
  public static double frobenius(double[] values) {
    return Math.sqrt(Arrays.stream(values).map(v -> v * v).sum());
  }

  /** Σσ. */
  public static double nuclear(double[] values) {
    return Arrays.stream(values).sum();
  }

  /**
   * The stable rank of arXiv:2502.17340, {@code ‖W‖_F / ‖W‖₂}, whose square others call by that
   * name; NaN for a zero matrix.
   */
  public static double stableRank(double[] values) {
    return frobenius(values) / values[0];
  }

  /**
   * Number of values above ε σ₁ (arXiv:2206.05794, section 4.1); NaN for values that are not
   * finite.
   */
  public static double epsilonRank(double[] values, double epsilon) {
    if (!Double.isFinite(values[0])) {
      return Double.NaN;
    }
    return Arrays.stream(values).filter(v -> v > epsilon * values[0]).count();
  }

  /**
   * The pseudo-rank of arXiv:2410.23819: the share of the largest values that make 95 % of the sum.
   *
   * @param of n, the number of values that the matrix can have
   * @return NaN for values that are not finite
   */
  public static double pseudoRank(double[] values, int of) {
    if (!Double.isFinite(values[0])) {
      return Double.NaN;
    }
    double target = PSEUDO_RANK_SHARE * nuclear(values);
    double sum = 0;
    int k = 0;
    while (k < values.length && sum < target) {
      sum += values[k];
      k++;
    }
    return (double) k / of;
  }

  /** Σσ² beyond the first {@code rank}, as a share of all, rooted: the relative distance. */
  public static double distanceToRank(double[] values, int rank) {
    double tail = 0;
    for (int i = rank; i < values.length; i++) {
      tail += values[i] * values[i];
    }
    return Math.sqrt(tail) / frobenius(values);
  }
}
