package io.hfmerge.analysis.spectral;

import io.hfmerge.analysis.matrix.MatrixSource;
import io.hfmerge.analysis.matrix.NonFiniteMatrixException;
import io.hfmerge.analysis.matrix.Orientation;

/**
 * Singular values of weight matrices on some device; owns what it holds there until closed.
 *
 * <p>Every engine gives the norms and the singular values of a float64 SVD within 1e-6 relative
 * (singular values: of the largest). The same engine gives the same bits for the same matrix, in
 * whatever thread and however many run beside it. Matrices of one row or column, of zeros, or with
 * an empty side are fine: their norms are 0 and an empty side has no singular values.
 */
public interface SpectralEngine extends AutoCloseable {

  /** What computes, for reports: {@code cpu}, {@code gpu(0)}. */
  String device();

  /** Whether several threads may call at once with profit. */
  boolean concurrent();

  /**
   * Frobenius and spectral norm.
   *
   * @throws NonFiniteMatrixException if an element is NaN or infinite
   */
  SpectralNorms norms(MatrixSource matrix) throws NonFiniteMatrixException;

  /**
   * All singular values, by the eigenvalues of the f64 Gram matrix of the shorter side.
   *
   * @throws NonFiniteMatrixException if an element is NaN or infinite
   * @throws io.hfmerge.error.UnsupportedFeatureException if the shorter side is beyond what the
   *     engine can hold
   */
  Spectrum spectrum(MatrixSource matrix) throws NonFiniteMatrixException;

  /**
   * All singular values of matrices and of what they are stacked on each other, whose Gram matrix
   * is the sum of theirs.
   *
   * @param columns number of columns that all of them have
   */
  StackedSpectrum stack(int columns);

  /**
   * Inner products of some lines with each other, accumulated in f64.
   *
   * @param orientation whether lines are rows or columns
   * @param first first line
   * @param count number of lines
   * @return {@code L Lᵀ}, {@code count x count}, row-major, both triangles
   * @throws NonFiniteMatrixException if an element of these lines is NaN or infinite
   */
  double[] gram(MatrixSource matrix, Orientation orientation, int first, int count)
      throws NonFiniteMatrixException;

  @Override
  void close();
}
