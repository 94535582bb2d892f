package io.hfmerge.hf.djl.block;

/**
 * Sizes and settings of the attention of one layer.
 *
 * @param layer index of the layer, from 0: its place in the cache
 * @param heads query heads H
 * @param kvHeads key/value heads G; query head i uses i div (H / G)
 * @param headWidth width h of a head
 * @param scale factor of the scores, usually {@code h^(−1/2)}
 * @param window keys that a query sees at most, itself included; 0 for all
 * @param scoresInF32 whether scores of f16 models are computed in f32: in Phi-2 and GPT-J they
 *     overflow f16
 */
public record AttentionShape(
    int layer,
    int heads,
    int kvHeads,
    int headWidth,
    double scale,
    int window,
    boolean scoresInF32) {

  public AttentionShape {
    if (heads < 1 || kvHeads < 1 || heads % kvHeads != 0 || headWidth < 1 || window < 0) {
      throw new IllegalArgumentException(
          "%d heads, %d key/value heads of width %d, window %d"
              .formatted(heads, kvHeads, headWidth, window));
    }
  }
}
