package io.hfmerge.analysis.spectral;

import java.util.ArrayList;
import java.util.List;

/** Singular values from the eigenvalues of a Gram matrix; shared by the engines. */
public final class GramSpectrum {

  private GramSpectrum() {}

  /**
   * Takes roots; eigenvalues that rounding made negative count as 0.
   *
   * @param eigenvalues of the Gram matrix, ascending
   * @param sumOfSquares of the matrix's elements
   * @param productError bound on the error of an inner product, relative to that of absolute values
   * @param eigenError bound on the error of the eigenvalues, relative to the largest
   */
  public static Spectrum of(
      double[] eigenvalues, double sumOfSquares, double productError, double eigenError) {
    List<Double> values = new ArrayList<>(eigenvalues.length);
    for (int i = eigenvalues.length - 1; i >= 0; i--) {
      values.add(Math.sqrt(Math.max(0, eigenvalues[i])));
    }
    double largest = values.isEmpty() ? 0 : values.get(0);
    if (!(largest > 0)) {
      return new Spectrum(SpectralNorms.ZERO, values);
    }
    // |fl(AᵀA) - AᵀA|₂ <= productError |A|_F², and σ takes half the relative error of σ²
    double stableRank = sumOfSquares / (largest * largest);
    double bound = (productError * stableRank + eigenError) / 2;
    return new Spectrum(new SpectralNorms(Math.sqrt(sumOfSquares), largest, bound), values);
  }

  /** Sum of squares of the first {@code length} numbers, in f64; NaN or infinite if one is. */
  public static double sumOfSquares(double[] values, int length) {
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    int i = 0;
    for (; i <= length - 4; i += 4) {
      s0 += values[i] * values[i];
      s1 += values[i + 1] * values[i + 1];
      s2 += values[i + 2] * values[i + 2];
      s3 += values[i + 3] * values[i + 3];
    }
    for (; i < length; i++) {
      s0 += values[i] * values[i];
    }
    return (s0 + s1) + (s2 + s3);
  }

  /** Copies the lower triangle of a row-major matrix to the upper one. */
  public static void mirror(double[] matrix, int n) {
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < i; j++) {
        matrix[j * n + i] = matrix[i * n + j];
      }
    }
  }
}
