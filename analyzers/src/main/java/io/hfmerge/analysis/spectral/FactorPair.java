package io.hfmerge.analysis.spectral;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Two factors A and B with k columns each, known by their Gram matrices AᵀA and BᵀB alone, and what
 * these say about A, B and A Bᵀ without forming the product.
 *
 * <p>The squared singular values of A Bᵀ are the eigenvalues of Λ^½ Uᵀ (BᵀB) U Λ^½ with AᵀA = U Λ
 * Uᵀ. Eigenvectors rather than Cholesky factors, so that factors of any rank, zero included, are
 * fine. All in f64; singular values carry an absolute error of about 1e-8 ‖A‖₂ ‖B‖₂. k³ flops, a
 * few times over.
 */
public final class FactorPair {

  private final int width;
  private final double[] gramA;
  private final double[] gramB;

  /** Of AᵀA, once asked for. */
  private SymmetricEigen.@Nullable Pairs pairsA;

  /**
   * A pair.
   *
   * @param width k
   * @param gramA AᵀA, k x k, row-major, finite
   * @param gramB BᵀB, likewise
   */
  public FactorPair(int width, double[] gramA, double[] gramB) {
    if (gramA.length != width * width || gramB.length != width * width) {
      throw new IllegalArgumentException("Gram matrices are not " + width + " x " + width);
    }
    this.width = width;
    this.gramA = gramA.clone();
    this.gramB = gramB.clone();
  }

  /** The number k of columns. */
  public int width() {
    return width;
  }

  /** ‖A‖_F². */
  public double traceA() {
    return trace(gramA);
  }

  /** ‖B‖_F². */
  public double traceB() {
    return trace(gramB);
  }

  /** Squared norms of the columns of A. */
  public double[] diagonalA() {
    return diagonal(gramA);
  }

  /** Squared norms of the columns of B. */
  public double[] diagonalB() {
    return diagonal(gramB);
  }

  /** ‖AᵀA‖_F. */
  public double gramFrobeniusA() {
    return frobenius(gramA);
  }

  /** ‖BᵀB‖_F. */
  public double gramFrobeniusB() {
    return frobenius(gramB);
  }

  /** ‖A‖_*. */
  public double nuclearA() {
    return sumOfRoots(pairsA().values());
  }

  /** ‖B‖_*. */
  public double nuclearB() {
    return sumOfRoots(SymmetricEigen.values(gramB, width));
  }

  /** ‖AᵀA − BᵀB‖_F. */
  public double differenceFrobenius() {
    return frobenius(difference());
  }

  /** ‖AᵀA − BᵀB‖_*. */
  public double differenceNuclear() {
    return Arrays.stream(SymmetricEigen.values(difference(), width)).map(Math::abs).sum();
  }

  /** ‖AᵀA − BᵀB‖_F over ½(‖AᵀA‖_F + ‖BᵀB‖_F); 0 where both factors are 0. */
  public double relativeDifference() {
    double scale = (gramFrobeniusA() + gramFrobeniusB()) / 2;
    return scale > 0 ? differenceFrobenius() / scale : 0;
  }

  /** The k largest singular values of A Bᵀ, descending; all others are 0. */
  public List<Double> productSingularValues() {
    if (width == 0) {
      return List.of();
    }
    SymmetricEigen.Pairs pairs = pairsA();
    double[] half = new double[width * width];
    for (int i = 0; i < width; i++) {
      double root = Math.sqrt(Math.max(0, pairs.values()[i]));
      for (int j = 0; j < width; j++) {
        half[i * width + j] = root * pairs.vectors()[i * width + j];
      }
    }
    double[] right = new double[width * width];
    double[] core = new double[width * width];
    Blas.multiply(half, gramB, right, width, false);
    Blas.multiply(right, half, core, width, true);
    double[] squares = SymmetricEigen.values(core, width);
    List<Double> values = new ArrayList<>(width);
    for (int i = width - 1; i >= 0; i--) {
      values.add(Math.sqrt(Math.max(0, squares[i])));
    }
    return values;
  }

  private SymmetricEigen.Pairs pairsA() {
    SymmetricEigen.Pairs pairs = pairsA;
    if (pairs == null) {
      pairs = SymmetricEigen.pairs(gramA, width);
      pairsA = pairs;
    }
    return pairs;
  }

  private double[] difference() {
    double[] result = new double[gramA.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = gramA[i] - gramB[i];
    }
    return result;
  }

  private double trace(double[] gram) {
    return Arrays.stream(diagonal(gram)).sum();
  }

  private double[] diagonal(double[] gram) {
    double[] squares = new double[width];
    for (int i = 0; i < width; i++) {
      squares[i] = gram[i * width + i];
    }
    return squares;
  }

  private static double frobenius(double[] matrix) {
    return Math.sqrt(GramSpectrum.sumOfSquares(matrix, matrix.length));
  }

  private static double sumOfRoots(double[] squares) {
    return Arrays.stream(squares).map(x -> Math.sqrt(Math.max(0, x))).sum();
  }
}
