package io.hfmerge.examples.experiment.train;

import ai.djl.ndarray.NDArray;
import io.hfmerge.hf.djl.Scalars;

/** Losses as scalars, means over examples. */
public final class Losses {

  private Losses() {}

  /**
   * The logistic loss {@code ln(1 + e^{−y f})}.
   *
   * @param outputs f, of shape (n, 1)
   * @param signs y, −1 or 1, of the same shape
   */
  public static NDArray logistic(NDArray outputs, NDArray signs) {
    NDArray z = outputs.mul(signs).neg();
    // max(z, 0) + ln(1 + e^{-|z|}) does not overflow
    return z.maximum(Scalars.of(z, 0)).add(z.abs().neg().exp().add(1).log()).mean();
  }

  /**
   * Cross-entropy.
   *
   * @param logits of shape (n, classes)
   * @param oneHot of the same shape, rows that sum to 1
   */
  public static NDArray crossEntropy(NDArray logits, NDArray oneHot) {
    NDArray count = Scalars.of(logits, (double) logits.getShape().get(0));
    return logits.logSoftmax(-1).mul(oneHot).sum().neg().div(count);
  }

  /** Half the mean squared error. */
  public static NDArray squared(NDArray outputs, NDArray targets) {
    return outputs.sub(targets).square().mean().mul(Scalars.of(outputs, 0.5));
  }
}
