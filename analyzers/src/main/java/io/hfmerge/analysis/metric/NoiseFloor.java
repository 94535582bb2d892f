package io.hfmerge.analysis.metric;

import io.hfmerge.analysis.matrix.MatrixSource;
import io.hfmerge.analysis.matrix.Rounding;
import io.hfmerge.analysis.spectral.SpectralNorms;
import io.hfmerge.tensor.DType;
import java.util.OptionalDouble;

/**
 * The spectral norm of the noise that rounding to a dtype adds to a matrix.
 *
 * <p>Rounding to p significant bits adds noise of standard deviation about 0.2125 · 2^-(p-1) times
 * the root mean square of normally distributed entries (measured for bf16: 1.66e-3), and a random
 * {@code m x n} matrix of such entries has spectral norm √m + √n times that. Singular values below
 * the floor may be nothing but storage rounding.
 */
public final class NoiseFloor {

  /**
   * Root mean square of the rounding error of normally distributed numbers, in units of 2^-(p-1).
   */
  private static final double RMS_OF_ROUNDING = 0.2125;

  private NoiseFloor() {}

  /**
   * The floor of an open matrix relative to σ₁. Of a difference, by the rounding of those elements
   * of both operands that are not equal, summed up: {@code (√m + √n)/√(mn) ‖E‖_F}.
   */
  static double relative(MatrixSource source, SpectralNorms norms) {
    OptionalDouble rounding = source.roundingFrobenius();
    if (rounding.isEmpty()) {
      return relative(
          source.dtype(), source.rows(), source.columns(), norms.frobenius(), norms.spectral());
    }
    if (!(norms.spectral() > 0)) {
      return 0;
    }
    double m = source.rows();
    double n = source.columns();
    return rounding.getAsDouble()
        * (Math.sqrt(m) + Math.sqrt(n))
        / Math.sqrt(m * n)
        / norms.spectral();
  }

  /**
   * The floor relative to σ₁.
   *
   * @param dtype stored type
   * @param rows rows of the matrix
   * @param columns columns of the matrix
   * @param frobenius its Frobenius norm
   * @param spectral σ₁
   * @return 0 for zero and empty matrices
   */
  public static double relative(
      DType dtype, int rows, int columns, double frobenius, double spectral) {
    if (!(spectral > 0)) {
      return 0;
    }
    double rms = frobenius / Math.sqrt((double) rows * columns);
    double deviation = RMS_OF_ROUNDING * Math.scalb(1.0, 1 - Rounding.significantBits(dtype)) * rms;
    return deviation * (Math.sqrt(rows) + Math.sqrt(columns)) / spectral;
  }
}
