package io.hfmerge.analysis.metric;

/** The two products of an attention head, and the MLP as a third pair of factors. */
public enum Product {
  /** A = W_Kᵀ, B = W_Qᵀ: A Bᵀ = W_Kᵀ W_Q. */
  QK,
  /** A = the head's columns of W_O, B = W_Vᵀ: A Bᵀ = P W_V. */
  VP,
  /** Rows of M1 against columns of M2; only in {@link BalanceMetrics}. */
  MLP
}
