package io.hfmerge.examples.experiment.train;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDScope;
import ai.djl.training.GradientCollector;
import io.hfmerge.examples.experiment.Cell;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The loop that all experiments share: gradients by DJL's collector, steps by an optimiser, probes
 * at chosen steps, progress, checkpoints. Whatever is random depends on the step alone, so that a
 * resumed run makes the same steps.
 */
public final class Training {

  private static final String ENGINE = "PyTorch";

  /** Reading a loss waits for it; progress does not need every one. */
  private static final int PROGRESS_EVERY = 25;

  private final Parameters parameters;
  private final Optimizer optimizer;

  /** Trains these parameters with this optimiser. */
  public Training(Parameters parameters, Optimizer optimizer) {
    this.parameters = parameters;
    this.optimizer = optimizer;
  }

  /** The training loss of a step, a scalar. */
  @FunctionalInterface
  public interface Loss {
    NDArray at(long step);
  }

  /** Looks at the parameters when {@code step} steps are done. */
  @FunctionalInterface
  public interface Probe {
    void look(long step) throws IOException;
  }

  /**
   * Steps, from where an interrupted run stopped.
   *
   * @param cell that hears of progress and keeps checkpoints
   * @param steps in all
   * @param schedule when to look
   * @param loss to be made small, without weight decay
   * @param probe that records measurements in the cell
   */
  public void run(Cell cell, long steps, Schedule schedule, Loss loss, Probe probe)
      throws IOException {
    List<NDArray> kept = new ArrayList<>(parameters.all());
    kept.addAll(optimizer.state(parameters));
    Optional<Cell.State> saved = cell.resume();
    long first = 0;
    if (saved.isPresent()) {
      first = saved.get().step();
      for (int i = 0; i < kept.size(); i++) {
        parameters.set(kept.get(i), saved.get().arrays().get(i));
      }
    }
    double latest = Double.NaN;
    for (long step = first; step <= steps; step++) {
      // a state that was saved at this step has been looked at
      if (schedule.looksAt(step, steps) && (step > first || saved.isEmpty())) {
        try (NDScope scope = new NDScope()) {
          keep(scope);
          probe.look(step);
        }
      }
      if (step == steps) {
        break;
      }
      if (step > first && cell.checkpointIsDue()) {
        cell.checkpoint(
            new Cell.State(step, kept.stream().map(array -> Parameters.values(array)).toList()));
      }
      boolean report = step % PROGRESS_EVERY == 0;
      double value = step(step, loss, report);
      latest = report ? value : latest;
      if (report) {
        cell.progress((double) step / steps, latest);
      }
    }
  }

  /** Takes some more steps, unseen. */
  public void advance(long steps, Loss loss) {
    optimizer.state(parameters);
    for (long step = 0; step < steps; step++) {
      step(step, loss, false);
    }
  }

  private double step(long step, Loss loss, boolean read) {
    try (NDScope scope = new NDScope()) {
      keep(scope);
      NDArray value = gradient(() -> loss.at(step));
      double scalar = read ? Parameters.values(value)[0] : Double.NaN;
      optimizer.step(parameters, step);
      return scalar;
    }
  }

  /**
   * Leaves the gradient of a scalar in every parameter.
   *
   * @return the scalar
   */
  private NDArray gradient(Supplier<NDArray> loss) {
    for (NDArray weights : parameters.all()) {
      weights.getGradient().muli(0);
    }
    try (GradientCollector collector = Engine.getEngine(ENGINE).newGradientCollector()) {
      NDArray value = loss.get();
      collector.backward(value);
      return value;
    }
  }

  /**
   * The gradient of a scalar by every parameter.
   *
   * @return row-major values, in the order of the parameters
   */
  public static List<double[]> gradients(Parameters parameters, Supplier<NDArray> loss) {
    try (NDScope scope = new NDScope()) {
      keep(scope);
      new Training(parameters, new Sgd(0, 0)).gradient(loss);
      return parameters.all().stream()
          .map(weights -> Parameters.values(weights.getGradient()))
          .toList();
    }
  }

  /** Scopes act by being open; this says so to the compiler. */
  private static void keep(NDScope scope) {
    java.util.Objects.requireNonNull(scope);
  }
}
