package io.hfmerge.examples.experiment.train;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongToDoubleFunction;

/**
 * Gradient descent with weight decay, as PyTorch's SGD: {@code v ← m v + ∇L + λ W}, {@code W ← W −
 * η v}. Without momentum this is {@code W ← (1 − ηλ) W − η ∇L}, the step of the loss with λ/2 ‖W‖².
 */
public final class Sgd implements Optimizer {

  private final LongToDoubleFunction rate;
  private final Decay decay;
  private final double momentum;
  private final List<NDArray> velocities = new ArrayList<>();

  /**
   * Describes the steps.
   *
   * @param rate η by step
   * @param decay λ by parameter
   * @param momentum m, 0 for none
   */
  public Sgd(LongToDoubleFunction rate, Decay decay, double momentum) {
    this.rate = rate;
    this.decay = decay;
    this.momentum = momentum;
  }

  /** Constant rate, the same decay everywhere, no momentum. */
  public Sgd(double rate, double decay) {
    this(step -> rate, Decay.uniform(decay), 0);
  }

  @Override
  public void step(Parameters parameters, long step) {
    double eta = rate.applyAsDouble(step);
    for (int i = 0; i < parameters.all().size(); i++) {
      NDArray weights = parameters.get(i);
      NDArray gradient = weights.getGradient();
      double lambda = decay.of(i);
      if (momentum == 0) {
        if (lambda != 0) {
          weights.muli(1 - eta * lambda);
        }
        weights.subi(gradient.mul(eta));
      } else {
        NDArray velocity = velocities.get(i);
        velocity.muli(momentum).addi(gradient);
        if (lambda != 0) {
          velocity.addi(weights.mul(lambda));
        }
        weights.subi(velocity.mul(eta));
      }
    }
  }

  @Override
  public List<NDArray> state(Parameters parameters) {
    if (momentum != 0 && velocities.isEmpty()) {
      parameters.all().forEach(weights -> velocities.add(parameters.zerosLike(weights)));
    }
    return velocities;
  }
}
