package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.AnalysisRequest.Metrics;

/**
 * What to measure, and with what.
 *
 * @param metrics NORMS for what needs no spectra: cosines, energies, signs, sizes, spectral norms;
 *     ALL for everything
 * @param rank most leading singular vectors compared, at least 1; never more than a quarter of the
 *     matrix's shorter side
 * @param includeOther whether to take spectra of matrices outside the layers too (embeddings,
 *     heads)
 * @param threads number of threads, at least 1; results do not depend on it
 */
public record ConflictRequest(Metrics metrics, int rank, boolean includeOther, int threads) {

  /** Enough for most LoRA ranks. */
  public static final int DEFAULT_RANK = 16;

  public ConflictRequest {
    if (rank < 1) {
      throw new IllegalArgumentException("rank is " + rank + ", expected 1 or more");
    }
    if (threads < 1) {
      throw new IllegalArgumentException("threads is " + threads + ", expected 1 or more");
    }
  }

  /** Everything about the layers, on all processors. */
  public static ConflictRequest everything() {
    return new ConflictRequest(
        Metrics.ALL, DEFAULT_RANK, false, Runtime.getRuntime().availableProcessors());
  }
}
