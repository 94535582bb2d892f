package io.hfmerge.analysis;

/**
 * What to measure, and with what.
 *
 * @param metrics which metrics of matrices
 * @param heads whether to measure attention heads and balance too
 * @param epsilon threshold of the ε-rank relative to σ₁, finite and not negative
 * @param includeOther whether to measure matrices outside the layers too (embeddings, heads)
 * @param device where products are computed
 * @param threads number of threads, at least 1; results do not depend on it
 */
public record AnalysisRequest(
    Metrics metrics,
    boolean heads,
    double epsilon,
    boolean includeOther,
    DeviceChoice device,
    int threads) {

  /** The threshold that arXiv:2206.05794 uses in its experiments. */
  public static final double DEFAULT_EPSILON = 1e-3;

  /** Which metrics of matrices. */
  public enum Metrics {
    /** Frobenius and spectral norm and what follows from them: fast. */
    NORMS,
    /** Those of the full spectrum too. */
    ALL
  }

  /** Where products are computed. */
  public enum DeviceChoice {
    /** A CUDA device if there is one, else the CPU. */
    AUTO,
    /** The CPU, by native kernels without DJL. */
    CPU,
    /** The first CUDA device of DJL. */
    CUDA
  }

  public AnalysisRequest {
    if (!(epsilon >= 0) || Double.isInfinite(epsilon)) {
      throw new IllegalArgumentException("epsilon is " + epsilon + ", expected 0 or more");
    }
    if (threads < 1) {
      throw new IllegalArgumentException("threads is " + threads + ", expected 1 or more");
    }
  }

  /** Norms of the layers' matrices, on all processors. */
  public static AnalysisRequest norms() {
    return new AnalysisRequest(
        Metrics.NORMS,
        false,
        DEFAULT_EPSILON,
        false,
        DeviceChoice.CPU,
        Runtime.getRuntime().availableProcessors());
  }

  /** Everything about the layers: full spectra, heads and balance, on all processors. */
  public static AnalysisRequest everything() {
    return norms().withMetrics(Metrics.ALL).withHeads(true);
  }

  public AnalysisRequest withMetrics(Metrics value) {
    return new AnalysisRequest(value, heads, epsilon, includeOther, device, threads);
  }

  public AnalysisRequest withHeads(boolean value) {
    return new AnalysisRequest(metrics, value, epsilon, includeOther, device, threads);
  }

  public AnalysisRequest withEpsilon(double value) {
    return new AnalysisRequest(metrics, heads, value, includeOther, device, threads);
  }

  public AnalysisRequest withOther(boolean value) {
    return new AnalysisRequest(metrics, heads, epsilon, value, device, threads);
  }

  public AnalysisRequest withDevice(DeviceChoice value) {
    return new AnalysisRequest(metrics, heads, epsilon, includeOther, value, threads);
  }

  public AnalysisRequest withThreads(int value) {
    return new AnalysisRequest(metrics, heads, epsilon, includeOther, device, value);
  }
}
