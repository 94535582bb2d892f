package io.hfmerge.analysis.spectral;

import java.util.List;

/**
 * All singular values of a matrix.
 *
 * @param norms Frobenius and spectral norm
 * @param singularValues descending, none negative, {@code min(rows, columns)} of them; below about
 *     1e-8 of the largest they are rounding noise of the f64 Gram matrix
 */
public record Spectrum(SpectralNorms norms, List<Double> singularValues) {

  public Spectrum {
    singularValues = List.copyOf(singularValues);
  }
}
