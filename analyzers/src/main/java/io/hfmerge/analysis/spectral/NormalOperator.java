package io.hfmerge.analysis.spectral;

/**
 * A matrix A as the symmetric operator AᵀA that Lanczos sees, on blocks laid out as in {@link
 * LanczosKernels}. Vectors are padded to {@link #stride()} with zeros and stay so.
 */
public interface NormalOperator {

  /** Length n of the vectors: the shorter side of A. */
  int size();

  /** Distance of the vectors of a block, at least {@link #size()}, as the kernels want it. */
  int stride();

  /** {@code w = AᵀA v} for the vectors of a block, at least in f32. */
  void multiply(float[] v, float[] w);

  /**
   * {@code w = AᵀA v} for one vector, in f64.
   *
   * @return {@code |A v|²}
   */
  double multiplyExact(double[] v, double[] w);
}
