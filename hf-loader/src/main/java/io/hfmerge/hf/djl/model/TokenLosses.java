package io.hfmerge.hf.djl.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import org.jspecify.annotations.Nullable;

/** Negative log-likelihoods of tokens, in nats. */
public final class TokenLosses {

  private TokenLosses() {}

  /**
   * Of each token given those before it.
   *
   * @param logits {@code [B, T, V]} of a causal model
   * @param ids {@code [B, T]}, I64
   * @return {@code [B, T − 1]}, F32: entry t is that of token t + 1
   */
  public static NDArray next(NDArray logits, NDArray ids) {
    long tokens = ids.getShape().get(1);
    NDArray result;
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      NDArray before = logits.get(new NDIndex().addAllDim().addSliceDim(0, tokens - 1));
      NDArray after = ids.get(new NDIndex().addAllDim().addSliceDim(1, tokens));
      result = of(before, after);
      NDScope.unregister(result);
    }
    NDScope.register(result);
    return result;
  }

  /**
   * Of labels.
   *
   * @param logits {@code [..., V]}
   * @param labels {@code [...]}, I64, each below V
   * @return {@code [...]}, F32
   */
  public static NDArray of(NDArray logits, NDArray labels) {
    NDArray result;
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      NDArray wide = logits.toType(DataType.FLOAT32, false);
      result = wide.logSoftmax(-1).gather(labels.expandDims(-1), -1).squeeze(-1).neg();
      NDScope.unregister(result);
    }
    NDScope.register(result);
    return result;
  }

  /**
   * Their mean, summed in F64.
   *
   * @param losses of any shape
   * @param visible of the same shape, 1 for what counts and 0 for what does not; null for all
   * @return NaN if nothing counts
   */
  public static double mean(NDArray losses, @Nullable NDArray visible) {
    float[] values = losses.toFloatArray();
    float[] weights =
        visible == null ? null : visible.toType(DataType.FLOAT32, true).toFloatArray();
    double sum = 0;
    double count = 0;
    for (int i = 0; i < values.length; i++) {
      double weight = weights == null ? 1 : weights[i];
      if (weight != 0) {
        sum += weight * values[i];
        count += weight;
      }
    }
    return sum / count;
  }
}
