package io.hfmerge.hf.arch;

/**
 * What decides which balance identity AᵀA = BᵀB takes at a stationary point with weight decay.
 *
 * @param rotary how positions rotate queries and keys
 * @param rotaryWidth leading components of a head that rotate; 0 without rotation
 * @param queryKeyNorm whether queries and keys are normalised after the projection (Qwen3), which
 *     makes their scale free: no balance to expect
 * @param mlp kind of the MLP
 */
public record BalanceTraits(Rotary rotary, int rotaryWidth, boolean queryKeyNorm, Mlp mlp) {

  /** Pairing of the rotated components. */
  public enum Rotary {
    NONE,
    /** Component i with i + r/2 (LLaMA, NeoX, Phi). */
    HALF_SPLIT,
    /** Component 2i with 2i + 1 (GPT-J). */
    INTERLEAVED
  }

  /** Homogeneity of the MLP, which decides its balance per neuron. */
  public enum Mlp {
    /**
     * act(W1 x) with a positively homogeneous activation (ReLU): rows of M1 against columns of M2.
     */
    HOMOGENEOUS,
    /** act(G x) * (U x): rows of the up projection against columns of the down projection. */
    GATED,
    /** GELU and other smooth activations: no exact identity. */
    SMOOTH,
    /** Not known. */
    UNKNOWN
  }
}
