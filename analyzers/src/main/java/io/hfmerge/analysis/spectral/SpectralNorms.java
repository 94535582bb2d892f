package io.hfmerge.analysis.spectral;

/**
 * The two norms of a matrix that need no full spectrum.
 *
 * @param frobenius the square root of the sum of squares, accumulated in f64
 * @param spectral the largest singular value
 * @param errorBound bound on the relative error of {@code spectral}; 0 for a zero or empty matrix
 */
public record SpectralNorms(double frobenius, double spectral, double errorBound) {

  static final SpectralNorms ZERO = new SpectralNorms(0, 0, 0);
}
