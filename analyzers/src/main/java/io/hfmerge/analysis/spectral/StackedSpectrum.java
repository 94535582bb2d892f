package io.hfmerge.analysis.spectral;

import io.hfmerge.analysis.matrix.MatrixSource;
import io.hfmerge.analysis.matrix.NonFiniteMatrixException;

/**
 * Spectra of matrices with the same columns and of all of them stacked, from top to bottom, reading
 * each once: the Gram matrix {@code AᵀA} of the stack is the sum of theirs. Holds two matrices of
 * the size columns x columns until closed. Used by one thread.
 */
public interface StackedSpectrum extends AutoCloseable {

  /**
   * Adds the rows of a matrix; after an exception there is no {@link #whole()} any more.
   *
   * @return the matrix's own spectrum, as of {@link SpectralEngine#spectrum}
   * @throws NonFiniteMatrixException if an element is NaN or infinite
   * @throws io.hfmerge.error.UnsupportedFeatureException if a side of the Gram matrix is beyond
   *     what the engine can hold
   */
  Spectrum add(MatrixSource part) throws NonFiniteMatrixException;

  /** The spectrum of all rows added, once: what was summed is used up. */
  Spectrum whole();

  @Override
  void close();
}
