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
 * @param alignment how the left vectors of M stand to the tasks
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

  /** Leading singular vectors of a tuned matrix that are looked up in the base. */
  static final int TUNED_DIRECTIONS = 10;

  /** Cosine below which a tuned vector has no counterpart in the base. */
  static final double INTRUDER_COSINE = 0.5;

  /**
   * The left singular vectors u_r of M against the tasks: a_r = u_rᵀM, and of each task a_rᵗ =
   * u_rᵀD_t.
   *
   * @param count number of leading vectors
   * @param energy Σ ‖a_rᵗ‖² over those, by task
   * @param overCounted Σ ‖a_rᵗ‖² over all (r, t) with p_rᵗ = ⟨a_r, a_rᵗ⟩/‖a_rᵗ‖² &gt; 1
   * @param all the same whatever p is
   * @param interference Σ ((p_rᵗ − 1) ‖a_rᵗ‖)² over all r, by task
   * @param inside Σ ‖a_rᵗ‖² over all r, by task
   */
  @SuppressWarnings("ArrayRecordComponent")
  record Alignment(
      int count,
      double[] energy,
      double overCounted,
      double all,
      double[] interference,
      double[] inside) {

    /** Excess over 1 that rounding can make of a coefficient that is exactly 1. */
    private static final double ROUNDING = 1e-9;

    /** Share of a task's energy below which a direction is none of its own: p is then 0/0. */
    private static final double LEAST_SHARE = 1e-10;

    /**
     * Sums up.
     *
     * @param rank number of vectors u_r
     * @param leading number of leading ones
     * @param squares ‖a_rᵗ‖², task by task
     * @param along ⟨a_r, a_rᵗ⟩, the same
     * @param noise what rounding can make of these, by task
     */
    static Alignment of(
        TensorSums sums, int rank, int leading, double[] squares, double[] along, double[] noise) {
      int tasks = sums.tasks();
      double[] energy = new double[tasks];
      double[] interference = new double[tasks];
      double[] inside = new double[tasks];
      double overCounted = 0;
      double all = 0;
      for (int t = 0; t < tasks; t++) {
        for (int r = 0; r < rank; r++) {
          double square = squares[t * rank + r];
          double excess = along[t * rank + r] - square;
          energy[t] += r < leading ? square : 0;
          inside[t] += square;
          if (square > LEAST_SHARE * sums.squares(t)) {
            interference[t] += excess * excess / square;
            overCounted += excess > ROUNDING * square + noise[t] ? square : 0;
          }
        }
        all += inside[t];
      }
      return new Alignment(leading, energy, overCounted, all, interference, inside);
    }
  }

  /**
   * Energies in blocks of the base's singular basis.
   *
   * @param spectral ‖W_0‖₂
   * @param leading number k of its largest singular values that make half of its nuclear norm
   * @param rank number r of those beyond rounding noise
   * @param leadingEnergy ‖U_kᵀ D_t V_k‖_F² by task
   * @param rankEnergy ‖U_rᵀ D_t V_r‖_F² by task
   * @param tuned number of leading singular vectors of each tuned matrix that were looked up
   * @param inputIntruders how many of the right ones have a cosine below {@link #INTRUDER_COSINE}
   *     with every right singular vector of the base
   * @param outputIntruders the same of left ones
   */
  @SuppressWarnings("ArrayRecordComponent")
  record BaseShares(
      double spectral,
      int leading,
      int rank,
      double[] leadingEnergy,
      double[] rankEnergy,
      int[] tuned,
      int[] inputIntruders,
      int[] outputIntruders) {}

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
