package io.hfmerge.examples.experiment.train;

import ai.djl.ndarray.NDArray;
import java.util.List;

/** Changes parameters by their gradients. */
public interface Optimizer {

  /**
   * One step; {@link #state} comes first.
   *
   * @param parameters with gradients
   * @param step from 0
   */
  void step(Parameters parameters, long step);

  /**
   * The optimiser's own arrays, made on the first call, outside of any scope that would free them;
   * checkpoints keep them beside the parameters.
   */
  List<NDArray> state(Parameters parameters);
}
