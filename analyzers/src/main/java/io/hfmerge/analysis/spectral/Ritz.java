package io.hfmerge.analysis.spectral;

import static io.hfmerge.analysis.spectral.LanczosKernels.WIDTH;

/**
 * The largest Ritz pairs of a block Lanczos basis, and what they say about λ₁; see {@link
 * BlockLanczos} for the bound.
 */
final class Ritz {

  private final int size;
  private final double[] values;
  private final double[] residuals;
  private final double[] vector;

  private Ritz(int size, double[] values, double[] residuals, double[] vector) {
    this.size = size;
    this.values = values;
    this.residuals = residuals;
    this.vector = vector;
  }

  /** Ritz values looked at: tied or nearly tied first ones up to this many do the bound no harm. */
  private static final int GROUP = 4;

  /**
   * Solves the projected problem.
   *
   * @param projection row-major, its leading {@code size x size} part counts
   * @param pitch length of its rows
   * @param size number of basis vectors
   * @param beta coupling of the last block to the next one, {@code WIDTH x WIDTH}
   */
  static Ritz of(double[] projection, int pitch, int size, double[] beta) {
    double[] matrix = new double[size * size];
    for (int i = 0; i < size; i++) {
      System.arraycopy(projection, i * pitch, matrix, i * size, size);
    }
    int count = Math.min(size, GROUP + 1);
    SymmetricEigen.Pairs pairs = SymmetricEigen.largest(matrix, size, count);
    double[] values = new double[count];
    double[] residuals = new double[count];
    for (int i = 0; i < count; i++) {
      int from = (count - 1 - i) * size;
      values[i] = pairs.values()[count - 1 - i];
      double square = 0;
      for (int r = 0; r < WIDTH; r++) {
        double sum = 0;
        for (int k = 0; k < WIDTH; k++) {
          sum += beta[r * WIDTH + k] * pairs.vectors()[from + size - WIDTH + k];
        }
        square += sum * sum;
      }
      residuals[i] = Math.sqrt(square);
    }
    double[] vector = new double[size];
    System.arraycopy(pairs.vectors(), (count - 1) * size, vector, 0, size);
    return new Ritz(size, values, residuals, vector);
  }

  /** Component of the first Ritz vector along a basis vector. */
  double vector(int index) {
    return vector[index];
  }

  int size() {
    return size;
  }

  /** Bound on the relative error of σ₁ by the residuals of the recurrence. */
  double relativeBound() {
    return bound(values[0], residuals[0]);
  }

  /**
   * The same with the Rayleigh quotient and residual of the first Ritz vector computed in f64, and
   * with the f32 noise of the recurrence in all others.
   */
  double certify(double eigenvalue, double residual) {
    return bound(eigenvalue, residual);
  }

  /**
   * What f32 noise leaves open: which of several Ritz vectors closer than the noise is the first.
   * Unless the first one stands alone, that much is added.
   */
  private double bound(double first, double residual) {
    double noise = BlockLanczos.FLOAT_NOISE * first;
    double square = residual * residual;
    double best = residual + noise;
    for (int j = 1; j < values.length; j++) {
      double gap = first - values[j] - residuals[j] - noise;
      if (gap > 0) {
        double joined = excess(square, gap);
        best = Math.min(best, j == 1 ? joined : joined + noise);
      }
      double other = residuals[j] + noise;
      square += other * other;
    }
    return first > 0 ? best / (2 * first) : 0;
  }

  /**
   * How much an eigenvalue can be above a Ritz value at most (Li and Li, "A note on eigenvalues of
   * perturbed Hermitian matrices", Linear Algebra Appl. 395 (2005), theorem 2).
   *
   * @param square of the norm of the residual
   * @param gap how far the rest of the spectrum is below, at least 0
   */
  static double excess(double square, double gap) {
    return square > 0 ? 2 * square / (gap + Math.sqrt(gap * gap + 4 * square)) : 0;
  }
}
