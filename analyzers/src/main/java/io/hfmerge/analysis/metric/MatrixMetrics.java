package io.hfmerge.analysis.metric;

import io.hfmerge.analysis.matrix.MatrixSource;
import io.hfmerge.analysis.spectral.SpectralNorms;
import io.hfmerge.hf.arch.Role;
import io.hfmerge.hf.arch.WeightMatrix;
import io.hfmerge.tensor.DType;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What is measured of one weight matrix {@code [out, in]}.
 *
 * @param stack the stack of layers, empty where there is one
 * @param layer layer from 0, or -1 outside the layers
 * @param role part in the layer
 * @param expert the expert, of a mixture
 * @param tensor name of the tensor, or the names joined by {@code +}
 * @param rows number of rows
 * @param columns number of columns
 * @param dtype stored type; of several the coarsest
 * @param frobenius ‖W‖_F
 * @param spectral σ₁
 * @param errorBound bound on the relative error of {@code spectral}
 * @param noiseFloor what rounding to {@code dtype} alone can make of singular values, relative to
 *     σ₁; see {@link NoiseFloor}
 * @param epsilonBelowNoise whether ε is below that floor, so that {@code epsilonRank} may count
 *     rounding noise
 * @param constant whether all elements are equal, zero included: a tensor that was never trained or
 *     was wiped out, and that no average counts
 * @param spectrum numbers of the full spectrum, if it was asked for
 */
public record MatrixMetrics(
    String stack,
    int layer,
    Role role,
    OptionalInt expert,
    String tensor,
    int rows,
    int columns,
    DType dtype,
    double frobenius,
    double spectral,
    double errorBound,
    double noiseFloor,
    boolean epsilonBelowNoise,
    boolean constant,
    Optional<SpectrumMetrics> spectrum) {

  /** Puts the norms of an open matrix together with its place. */
  public static MatrixMetrics of(
      MatrixSource source,
      SpectralNorms norms,
      double epsilon,
      Optional<SpectrumMetrics> spectrum) {
    WeightMatrix matrix = source.matrix();
    double floor = NoiseFloor.relative(source, norms);
    return new MatrixMetrics(
        matrix.stack(),
        matrix.layer(),
        matrix.role(),
        matrix.expert(),
        matrix.label(),
        source.rows(),
        source.columns(),
        source.dtype(),
        norms.frobenius(),
        norms.spectral(),
        norms.errorBound(),
        floor,
        epsilon < floor,
        constant(source, norms),
        spectrum);
  }

  /** A constant matrix has rank one, so hardly any other matrix needs to be read for this. */
  private static boolean constant(MatrixSource source, SpectralNorms norms) {
    double tolerance = RANK_ONE + norms.errorBound();
    return norms.frobenius() <= norms.spectral() * (1 + tolerance) && source.constant();
  }

  /** Rounding of a norm of a matrix of rank one. */
  private static final double RANK_ONE = 1e-9;

  /**
   * ‖W‖_F/‖W‖₂, from 1 to √rank (arXiv:2502.17340, footnote 1); 0 for a zero or empty matrix, which
   * has no ratio.
   */
  public double stableRank() {
    return spectral > 0 ? frobenius / spectral : 0;
  }

  /** ‖W‖_F²/‖W‖₂², the ratio that most other tools call stable rank; 0 for a zero matrix. */
  public double stableRankSquared() {
    return stableRank() * stableRank();
  }
}
