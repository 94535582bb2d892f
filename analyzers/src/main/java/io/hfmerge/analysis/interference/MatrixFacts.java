package io.hfmerge.analysis.interference;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What is known of one matrix with its task vectors once its spectra and products are computed; see
 * {@link FactCollector}. Numbers of a zero task vector are zero, its directions none.
 *
 * @param sums sums over elements
 * @param weights λ w_t, the factors of M
 * @param taskValues singular values of each D_t, descending, those beyond rounding noise
 * @param sumValues the same of M
 * @param inputs leading right singular vectors
 * @param outputs leading left singular vectors
 * @param responses ‖D_i D_jᵀ‖_F², row-major
 * @param damages ‖(M − D_t) D_tᵀ‖_F²
 * @param alignment how the leading left vectors of M stand to the tasks
 * @param baseShares where in the base's singular basis the task vectors lie
 */
@SuppressWarnings("ArrayRecordComponent") // handed from the collector to the measures, not compared
record MatrixFacts(
    TensorSums sums,
    double[] weights,
    double[][] taskValues,
    double[] sumValues,
    Directions inputs,
    Directions outputs,
    double[] responses,
    double[] damages,
    Alignment alignment,
    BaseShares baseShares) {

  /**
   * The leading left singular vectors u_r of M against the tasks.
   *
   * @param count number of vectors
   * @param energy ‖UᵀD_t‖_F² by task
   * @param overCounted Σ ‖u_rᵀD_t‖² over the (r, t) with ⟨u_rᵀM, u_rᵀD_t⟩ &gt; ‖u_rᵀD_t‖²
   * @param all the same over all (r, t)
   */
  @SuppressWarnings("ArrayRecordComponent")
  record Alignment(int count, double[] energy, double overCounted, double all) {}

  /**
   * Energies in blocks of the base's singular basis.
   *
   * @param spectral ‖W_0‖₂
   * @param leading number k of its largest singular values that make half of its nuclear norm
   * @param rank number r of those beyond rounding noise
   * @param leadingEnergy ‖U_kᵀ D_t V_k‖_F² by task
   * @param rankEnergy ‖U_rᵀ D_t V_r‖_F² by task
   */
  @SuppressWarnings("ArrayRecordComponent")
  record BaseShares(
      double spectral, int leading, int rank, double[] leadingEnergy, double[] rankEnergy) {}

  int tasks() {
    return weights.length;
  }

  /** Number of inputs. */
  int columns() {
    return inputs.dimension();
  }

  /** Number of outputs. */
  int rows() {
    return outputs.dimension();
  }

  /** ‖D_i D_jᵀ‖_F². */
  double response(int i, int j) {
    return responses[i * tasks() + j];
  }

  /** σ₁ of D_t. */
  double spectral(int task) {
    return taskValues[task].length == 0 ? 0 : taskValues[task][0];
  }

  /** The spectral norms among these. */
  NormFacts norms() {
    List<Double> norms = new ArrayList<>();
    for (int t = 0; t < tasks(); t++) {
      norms.add(spectral(t));
    }
    return new NormFacts(
        norms,
        sumValues.length == 0 ? 0 : sumValues[0],
        baseShares.spectral(),
        Arrays.stream(weights).boxed().toList());
  }

  /** The exponential of the entropy of σ/Σσ; 0 for none. */
  static double effectiveRank(double[] values) {
    double nuclear = Arrays.stream(values).sum();
    double entropy = 0;
    for (double value : values) {
      double share = value / nuclear;
      if (share > 0) {
        entropy -= share * Math.log(share);
      }
    }
    return nuclear > 0 ? Math.exp(entropy) : 0;
  }
}
