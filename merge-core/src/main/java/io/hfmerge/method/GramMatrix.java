package io.hfmerge.method;

import io.hfmerge.method.InnerProducts.Sum;

/** Inner products of all pairs of vectors, F64. */
final class GramMatrix {

  private final double[][] products;

  private GramMatrix(double[][] products) {
    this.products = products;
  }

  /** The sums to take for so many vectors: the lower triangle, row by row. */
  static Sum[] sums(int vectors) {
    Sum[] sums = new Sum[vectors * (vectors + 1) / 2];
    int next = 0;
    for (int i = 0; i < vectors; i++) {
      for (int j = 0; j <= i; j++) {
        sums[next++] = new Sum.Product(i, j);
      }
    }
    return sums;
  }

  /** From the totals of {@link #sums}. */
  static GramMatrix of(int vectors, double[] totals) {
    double[][] products = new double[vectors][vectors];
    int next = 0;
    for (int i = 0; i < vectors; i++) {
      for (int j = 0; j <= i; j++) {
        products[i][j] = totals[next];
        products[j][i] = totals[next++];
      }
    }
    return new GramMatrix(products);
  }

  int vectors() {
    return products.length;
  }

  double norm(int vector) {
    return Math.sqrt(products[vector][vector]);
  }

  /**
   * Cosine of the angle between two vectors, in [-1, 1]; 0 if either is zero. Exactly 1 for equal
   * and -1 for opposite vectors: the square root of a square is exact.
   */
  double cosine(int first, int second) {
    double squares = products[first][first] * products[second][second];
    return squares == 0 ? 0 : clamp(products[first][second] / Math.sqrt(squares));
  }

  /**
   * Inner product over the product of the norms, each norm raised to a least value first, in [-1,
   * 1].
   */
  double cosine(int first, int second, double leastNorm) {
    double norms = Math.max(norm(first), leastNorm) * Math.max(norm(second), leastNorm);
    return clamp(products[first][second] / norms);
  }

  /** {@code |sum_i c_i v_i|^2}, not below 0. */
  double squaredNorm(double[] coefficients) {
    double sum = 0;
    for (int i = 0; i < coefficients.length; i++) {
      for (int j = 0; j < coefficients.length; j++) {
        sum += coefficients[i] * coefficients[j] * products[i][j];
      }
    }
    return Math.max(sum, 0);
  }

  /** Whether some vectors are zero and some are not. */
  boolean hasZeroAndOthers() {
    int zeros = 0;
    for (int i = 0; i < products.length; i++) {
      zeros += products[i][i] == 0 ? 1 : 0;
    }
    return zeros > 0 && zeros < products.length;
  }

  double product(int first, int second) {
    return products[first][second];
  }

  private static double clamp(double cosine) {
    return Math.max(-1, Math.min(1, cosine));
  }
}
