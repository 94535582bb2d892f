package io.hfmerge.analysis.interference;

import java.util.List;

/**
 * Spectral norms around one matrix.
 *
 * @param tasks ‖D_t‖₂
 * @param sum ‖M‖₂
 * @param base ‖W_0‖₂
 * @param weights λ w_t, the factors of M
 */
record NormFacts(List<Double> tasks, double sum, double base, List<Double> weights) {

  NormFacts {
    tasks = List.copyOf(tasks);
    weights = List.copyOf(weights);
  }
}
