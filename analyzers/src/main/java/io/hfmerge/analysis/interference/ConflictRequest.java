package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.AnalysisRequest.Metrics;

/**
 * What to measure, and with what.
 *
 * @param metrics NORMS for what needs no spectra: cosines, energies, signs, sizes, spectral norms;
 *     ALL for everything
 * @param rank most leading singular vectors compared, at least 1; never more than a quarter of the
 *     matrix's shorter side
 * @param density share of the elements of a tensor, the largest of a task vector, that signs are
 *     compared within too: above 0, at most 1
 * @param includeOther whether to take spectra of matrices outside the layers too (embeddings,
 *     heads)
 * @param threads number of threads, at least 1; results do not depend on it
 */
public record ConflictRequest(
    Metrics metrics, int rank, double density, boolean includeOther, int threads) {

  /** Enough for most LoRA ranks. */
  public static final int DEFAULT_RANK = 16;

  /** What TIES keeps in its paper's experiments (arXiv:2306.01708, section 4). */
  public static final double DEFAULT_DENSITY = 0.2;

  public ConflictRequest {
    if (rank < 1) {
      throw new IllegalArgumentException("rank is " + rank + ", expected 1 or more");
    }
    if (!(density > 0 && density <= 1)) {
      throw new IllegalArgumentException(
          "density is " + density + ", expected a number above 0, at most 1");
    }
    if (threads < 1) {
      throw new IllegalArgumentException("threads is " + threads + ", expected 1 or more");
    }
  }

  /** With the density that TIES takes. */
  public ConflictRequest(Metrics metrics, int rank, boolean includeOther, int threads) {
    this(metrics, rank, DEFAULT_DENSITY, includeOther, threads);
  }

  /** Everything about the layers, on all processors. */
  public static ConflictRequest everything() {
    return new ConflictRequest(
        Metrics.ALL, DEFAULT_RANK, false, Runtime.getRuntime().availableProcessors());
  }
}
