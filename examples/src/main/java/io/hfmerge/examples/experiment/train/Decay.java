package io.hfmerge.examples.experiment.train;

/** Weight decay of each parameter, by its place. */
@FunctionalInterface
public interface Decay {

  double of(int parameter);

  /** The same for all. */
  static Decay uniform(double decay) {
    return parameter -> decay;
  }
}
