package io.hfmerge.analysis.spectral;

import io.hfmerge.analysis.matrix.MatrixSource;
import io.hfmerge.analysis.matrix.NonFiniteMatrixException;
import org.jspecify.annotations.Nullable;

/**
 * Gram matrices of rows, and their sum, on some device.
 *
 * @param <G> a Gram matrix of the stack's columns
 */
public abstract class GramStack<G> implements StackedSpectrum {

  private final SpectralEngine engine;
  private final int columns;
  private @Nullable G sum;
  private double squares;
  private long rows;

  /** A stack without rows, of an engine. */
  protected GramStack(SpectralEngine engine, int columns) {
    this.engine = engine;
    this.columns = columns;
  }

  /**
   * A matrix of zeros.
   *
   * @param part what it is for, to be named
   * @throws io.hfmerge.error.UnsupportedFeatureException if it is too large
   */
  protected abstract G zero(MatrixSource part);

  /**
   * Adds the inner products of all columns.
   *
   * @return the sum of squares of the elements
   * @throws NonFiniteMatrixException if an element is NaN or infinite
   */
  protected abstract double addRows(MatrixSource part, G gram) throws NonFiniteMatrixException;

  /** Adds one Gram matrix to another. */
  protected abstract void add(G gram, G target);

  /** Roots of the eigenvalues of a Gram matrix of some rows, which may be overwritten. */
  protected abstract Spectrum spectrum(G gram, double sumOfSquares, long rowCount);

  /** Gives memory back. */
  protected abstract void free(G gram);

  @Override
  public final Spectrum add(MatrixSource part) throws NonFiniteMatrixException {
    G total = sum;
    if (total == null) {
      total = zero(part);
      sum = total;
    }
    rows += part.rows();
    if (part.rows() < columns) {
      // its own spectrum is that of a smaller Gram matrix
      squares += addRows(part, total);
      return engine.spectrum(part);
    }
    G gram = zero(part);
    try {
      double own = addRows(part, gram);
      squares += own;
      add(gram, total);
      return spectrum(gram, own, part.rows());
    } finally {
      free(gram);
    }
  }

  @Override
  public final Spectrum whole() {
    G total = sum;
    if (total == null) {
      throw new IllegalStateException("nothing was added");
    }
    return spectrum(total, squares, rows);
  }

  @Override
  public final void close() {
    G total = sum;
    if (total != null) {
      free(total);
      sum = null;
    }
  }
}
