package io.hfmerge.hf.djl.block;

/** Which position a token has where none are given. */
public enum PositionRule {
  /** Its place in the sequence, padding counted (BERT). */
  BY_PLACE,
  /**
   * The number of tokens before it, padding on the left not counted: causal models, so that left
   * padding changes nothing.
   */
  BY_MASK,
  /**
   * RoBERTa's: padding id plus the number of tokens up to it, itself included, that are not the
   * padding id; that of padding is the padding id.
   */
  BY_PADDING_ID
}
