package io.hfmerge.hf.djl.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import org.jspecify.annotations.Nullable;

/**
 * What comes out of a transformer.
 *
 * @param firstHidden {@code [B, T, d]} before the first layer; null unless asked for
 * @param lastHidden {@code [B, T, d]} after the final norm
 * @param pooled {@code [B, d]}; null where the model has no pooler
 * @param logits null where the model has no head
 */
public record TransformerOutputs(
    @Nullable NDArray firstHidden,
    NDArray lastHidden,
    @Nullable NDArray pooled,
    @Nullable NDArray logits) {

  /** Name of the logits. */
  public static final String LOGITS = "logits";

  /** Name of the first hidden states. */
  public static final String FIRST_HIDDEN = "hidden_first";

  /** Name of the last hidden states. */
  public static final String LAST_HIDDEN = "last_hidden_state";

  /** Name of the pooled state. */
  public static final String POOLED = "pooler_output";

  /** All of them, named. */
  public NDList list() {
    NDList list = new NDList();
    add(list, FIRST_HIDDEN, firstHidden);
    add(list, LAST_HIDDEN, lastHidden);
    add(list, POOLED, pooled);
    add(list, LOGITS, logits);
    return list;
  }

  private static void add(NDList list, String name, @Nullable NDArray array) {
    if (array != null) {
      array.setName(name);
      list.add(array);
    }
  }
}
