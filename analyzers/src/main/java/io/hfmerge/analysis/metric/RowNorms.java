package io.hfmerge.analysis.metric;

import java.util.List;
import java.util.OptionalDouble;

/**
 * Norms of the rows of two factors, paired: those of W_Q and W_K of a head, of W_V and the columns
 * of the head's part of W_O (arXiv:2410.23819, Figure 5), of M1 and the columns of M2.
 *
 * @param a norms of the columns of A, see {@link Product}
 * @param b norms of the columns of B, as many
 */
public record RowNorms(List<Double> a, List<Double> b) {

  public RowNorms {
    a = List.copyOf(a);
    b = List.copyOf(b);
    if (a.size() != b.size()) {
      throw new IllegalArgumentException(a.size() + " norms against " + b.size());
    }
  }

  /** From squared norms; those that rounding made negative count as 0. */
  static RowNorms ofSquares(double[] a, double[] b) {
    return new RowNorms(roots(a), roots(b));
  }

  private static List<Double> roots(double[] squares) {
    return java.util.Arrays.stream(squares).map(x -> Math.sqrt(Math.max(0, x))).boxed().toList();
  }

  /**
   * Pearson's correlation, from -1 to 1; empty where one side does not vary beyond rounding, which
   * leaves it undefined.
   */
  public OptionalDouble correlation() {
    double meanA = mean(a);
    double meanB = mean(b);
    double product = 0;
    double squareA = 0;
    double squareB = 0;
    for (int i = 0; i < a.size(); i++) {
      double da = a.get(i) - meanA;
      double db = b.get(i) - meanB;
      product += da * db;
      squareA += da * da;
      squareB += db * db;
    }
    if (!varies(squareA, meanA) || !varies(squareB, meanB)) {
      return OptionalDouble.empty();
    }
    return OptionalDouble.of(Math.clamp(product / Math.sqrt(squareA * squareB), -1.0, 1.0));
  }

  /** Relative variation that f64 sums of a few thousand squares can make of equal numbers. */
  private static final double ROUNDING = 1e-13;

  private boolean varies(double squares, double mean) {
    return Math.sqrt(squares) > ROUNDING * a.size() * mean;
  }

  private static double mean(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).average().orElse(0);
  }
}
