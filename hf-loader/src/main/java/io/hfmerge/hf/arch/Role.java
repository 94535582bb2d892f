package io.hfmerge.hf.arch;

/**
 * The part a weight matrix plays in a transformer layer, in the order of reports.
 *
 * <p>Shapes are canonical, {@code [out, in]}: d hidden width, H heads, G key/value heads, h head
 * width, f MLP width.
 */
public enum Role {
  /** Query projection, [H h, d]. */
  Q,
  /** Key projection, [G h, d]. */
  K,
  /** Value projection, [G h, d]. */
  V,
  /** Rows of Q, K and V stacked, [(H + 2 G) h, d]. */
  QKV,
  /** Attention output projection, [d, H h]. */
  O,
  /** MLP input projection; the up projection where the MLP is gated, [f, d]. */
  M1,
  /** Gate projection of a gated MLP, [f, d]. */
  GATE,
  /** MLP output projection, [d, f]. */
  M2,
  /** A matrix outside the layers, or one that no definition names. */
  OTHER
}
