package io.hfmerge.analysis.metric;

import io.hfmerge.hf.arch.WeightMatrix;

/**
 * The four attention matrices of a layer with their heads: H query heads of width k on G key/value
 * heads.
 *
 * @param query [H k, d]
 * @param key [G k, d]
 * @param value [G v, d]
 * @param output [d, H v]
 * @param heads H
 * @param kvHeads G, a divisor of H
 */
public record AttentionLayer(
    WeightMatrix query,
    WeightMatrix key,
    WeightMatrix value,
    WeightMatrix output,
    int heads,
    int kvHeads) {

  /** What keeps the matrices from being cut into heads, or the empty string. */
  public String obstacle() {
    if (heads <= 0 || kvHeads <= 0 || heads % kvHeads != 0) {
      return "%d query heads on %d key/value heads".formatted(heads, kvHeads);
    }
    if (query.rows() % heads != 0 || query.rows() / heads * kvHeads != key.rows()) {
      return "Q has %d rows and K %d, with %d and %d heads"
          .formatted(query.rows(), key.rows(), heads, kvHeads);
    }
    if (value.rows() % kvHeads != 0 || value.rows() / kvHeads * heads != output.columns()) {
      return "V has %d rows and O %d columns, with %d and %d heads"
          .formatted(value.rows(), output.columns(), kvHeads, heads);
    }
    return "";
  }

  /** The stack of layers. */
  public String stack() {
    return query.stack();
  }

  /** The layer. */
  public int layer() {
    return query.layer();
  }

  /** Query heads that share a key/value head. */
  int group() {
    return heads / kvHeads;
  }

  /** Width k of query and key heads. */
  int keyWidth() {
    return (int) (query.rows() / heads);
  }

  /** Width of value heads. */
  int valueWidth() {
    return (int) (value.rows() / kvHeads);
  }
}
