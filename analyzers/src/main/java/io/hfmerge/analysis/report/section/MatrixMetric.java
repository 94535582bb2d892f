package io.hfmerge.analysis.report.section;

import io.hfmerge.analysis.metric.MatrixMetrics;
import io.hfmerge.analysis.metric.SpectrumMetrics;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What is drawn of matrices through the depth of a model.
 *
 * @param id name in file names and links
 * @param title name in headings
 * @param meaning definition and source
 * @param value the number
 * @param heatMap whether a heat map of layers and roles is drawn too
 * @param ofSpectrum whether it needs the full spectrum
 */
record MatrixMetric(
    String id,
    String title,
    String meaning,
    ToDoubleFunction<MatrixMetrics> value,
    boolean heatMap,
    boolean ofSpectrum) {

  /** All of them, in the order of reports. */
  static final List<MatrixMetric> ALL =
      List.of(
          new MatrixMetric(
              "stable-rank",
              "Stable rank",
              "‖W‖_F/‖W‖₂, Frobenius norm over spectral norm: how many directions carry the matrix, from 1"
                  + " (one) to √rank (all alike). Implicit bias and weight decay lower it"
                  + " (arXiv:2502.17340, whose unsquared ratio this is; many other tools report its"
                  + " square).",
              MatrixMetrics::stableRank,
              true,
              false),
          new MatrixMetric(
              "frobenius",
              "Frobenius norm",
              "‖W‖_F, the root of the sum of squares. Weight decay makes those of neighbouring homogeneous"
                  + " layers equal (arXiv:2502.17340, Lemma 2).",
              MatrixMetrics::frobenius,
              true,
              false),
          new MatrixMetric(
              "spectral",
              "Spectral norm",
              "‖W‖₂ = σ₁, the most that the matrix stretches any input. Every value comes with an error"
                  + " bound, which the JSON lists; the largest stands at the top of this page.",
              MatrixMetrics::spectral,
              false,
              false),
          new MatrixMetric(
              "effective-rank",
              "Effective rank",
              "The exponential of the entropy of σᵢ/Σσ: the number of equal singular values with the same"
                  + " entropy (Roy and Vetterli, EUSIPCO 2007).",
              matrix -> spectrum(matrix, SpectrumMetrics::effectiveRank),
              true,
              true),
          new MatrixMetric(
              "pseudo-rank",
              "Pseudo-rank",
              "The share of singular values that make up 95 % of the nuclear norm Σσᵢ, largest first"
                  + " (arXiv:2410.23819, section 4).",
              matrix -> spectrum(matrix, SpectrumMetrics::pseudoRank),
              false,
              true),
          new MatrixMetric(
              "epsilon-rank",
              "ε-rank",
              "The number of singular values above ε σ₁ (arXiv:2206.05794, section 4.1). Where ε is below"
                  + " the noise of the storage format, it may count rounding noise; such tensors are"
                  + " flagged.",
              matrix -> spectrum(matrix, SpectrumMetrics::epsilonRank),
              false,
              true));

  private static double spectrum(MatrixMetrics matrix, ToDoubleFunction<SpectrumMetrics> metric) {
    return matrix.spectrum().map(metric::applyAsDouble).orElse(Double.NaN);
  }
}
