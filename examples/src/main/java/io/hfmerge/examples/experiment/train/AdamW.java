package io.hfmerge.examples.experiment.train;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongToDoubleFunction;

/**
 * Adam (arXiv:1412.6980) with decoupled weight decay (arXiv:1711.05101), {@code W ← W − η (m̂ /
 * (√v̂ + ε) + λ W)}, or with λ W added to the gradient, which is Adam on the loss with λ/2 ‖W‖².
 */
public final class AdamW implements Optimizer {

  /** Where weight decay acts. */
  public enum Kind {
    /** On the weights. */
    DECOUPLED,
    /** In the gradient, before its moments are taken. */
    L2
  }

  private final LongToDoubleFunction rate;
  private final Decay decay;
  private final double beta1;
  private final double beta2;
  private final double epsilon;
  private final Kind kind;
  private final List<NDArray> moments = new ArrayList<>();

  /**
   * Describes the steps.
   *
   * @param rate η by step
   * @param decay λ by parameter
   * @param beta1 of the first moment
   * @param beta2 of the second moment
   * @param epsilon ε, added to the root of the second moment
   * @param kind where weight decay acts
   */
  public AdamW(
      LongToDoubleFunction rate,
      Decay decay,
      double beta1,
      double beta2,
      double epsilon,
      Kind kind) {
    this.rate = rate;
    this.decay = decay;
    this.beta1 = beta1;
    this.beta2 = beta2;
    this.epsilon = epsilon;
    this.kind = kind;
  }

  @Override
  public void step(Parameters parameters, long step) {
    double eta = rate.applyAsDouble(step);
    double correction1 = 1 - Math.pow(beta1, (double) step + 1);
    double correction2 = Math.sqrt(1 - Math.pow(beta2, (double) step + 1));
    for (int i = 0; i < parameters.all().size(); i++) {
      NDArray weights = parameters.get(i);
      double lambda = decay.of(i);
      NDArray gradient = weights.getGradient();
      if (kind == Kind.L2 && lambda != 0) {
        gradient = gradient.add(weights.mul(lambda));
      }
      NDArray first = moments.get(2 * i);
      NDArray second = moments.get(2 * i + 1);
      first.muli(beta1).addi(gradient.mul(1 - beta1));
      second.muli(beta2).addi(gradient.square().muli(1 - beta2));
      NDArray change =
          first.mul(eta / correction1).divi(second.sqrt().muli(1 / correction2).addi(epsilon));
      if (kind == Kind.DECOUPLED && lambda != 0) {
        weights.muli(1 - eta * lambda);
      }
      weights.subi(change);
    }
  }

  @Override
  public List<NDArray> state(Parameters parameters) {
    if (moments.isEmpty()) {
      for (NDArray weights : parameters.all()) {
        moments.add(parameters.zerosLike(weights));
        moments.add(parameters.zerosLike(weights));
      }
    }
    return moments;
  }
}
