package io.hfmerge.analysis.spectral;

/**
 * The two norms of a matrix that need no full spectrum.
 *
 * @param frobenius the square root of the sum of squares, accumulated in f64
 * @param spectral the largest singular value
 * @param errorBound bound on the relative error of {@code spectral}; 0 for a zero or empty matrix
 */
public record SpectralNorms(double frobenius, double spectral, double errorBound) {

  /**
   * Norms of a matrix that was read as {@code float}.
   *
   * @param floatError bound on the relative error of each element read so: the matrix of errors is
   *     no longer than that times the Frobenius norm
   */
  public static SpectralNorms of(
      double frobenius, double spectral, double errorBound, double floatError) {
    return new SpectralNorms(
        frobenius, spectral, errorBound + floatError * (spectral > 0 ? frobenius / spectral : 0));
  }

  static final SpectralNorms ZERO = new SpectralNorms(0, 0, 0);
}
