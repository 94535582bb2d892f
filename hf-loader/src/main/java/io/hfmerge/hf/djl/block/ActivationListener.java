package io.hfmerge.hf.djl.block;

import ai.djl.ndarray.NDArray;

/**
 * Hears of what flows through the layers of a model while it runs, layer by layer. Arrays are the
 * model's own and may be closed or overwritten after the call.
 */
public interface ActivationListener {

  /** What reads an input. */
  enum Reader {
    /** The projections to queries, keys and values. */
    QUERY_KEY_VALUE,
    /** The output projection of the attention. */
    ATTENTION_OUTPUT,
    /** The first projections of the MLP: up, and gate where there is one. */
    MLP_INPUT,
    /** The last projection of the MLP. */
    MLP_OUTPUT
  }

  /**
   * Input of matrices.
   *
   * @param layer from 0
   * @param input {@code [B, T, in]}
   */
  default void input(int layer, Reader reader, NDArray input) {}

  /**
   * The states after a layer.
   *
   * @param layer from 0
   * @param states {@code [B, T, d]}
   */
  default void output(int layer, NDArray states) {}
}
