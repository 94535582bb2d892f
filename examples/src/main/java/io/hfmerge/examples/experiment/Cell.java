package io.hfmerge.examples.experiment;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** One independent piece of an experiment, such as one training run. */
public final class Cell {

  /** How a piece of work goes. */
  @FunctionalInterface
  public interface Work {
    void run(Cell cell) throws IOException;
  }

  /**
   * Where training stands.
   *
   * @param step number of steps done
   * @param arrays weights and the optimiser's arrays, in an order that their owner knows
   */
  public record State(long step, List<double[]> arrays) {}

  private final String name;
  private final Lab lab;
  private final List<Measurement> measured = new ArrayList<>();

  Cell(String name, Lab lab) {
    this.name = name;
    this.lab = lab;
  }

  /** Records a number. */
  public void record(String metric, String group, double x, int repeat, double value) {
    measured.add(new Measurement(metric, group, x, repeat, value));
  }

  /** Records a number at a step or an epoch. */
  public void record(String metric, String group, long x, int repeat, double value) {
    record(metric, group, (double) x, repeat, value);
  }

  /** A number that was recorded before, in an interrupted run too. */
  public OptionalDouble recorded(String metric, String group, long x, int repeat) {
    return measured.stream()
        .filter(m ->
            m.metric().equals(metric)
                && m.group().equals(group)
                && m.x() == x
                && m.repeat() == repeat)
        .mapToDouble(Measurement::value)
        .findFirst();
  }

  /** What an interrupted run left; its measurements are restored with it. */
  public Optional<State> resume() throws IOException {
    Optional<RunJournal.Saved> saved = lab.journal().state(name);
    if (saved.isEmpty()) {
      return Optional.empty();
    }
    measured.clear();
    measured.addAll(saved.get().measured());
    return Optional.of(saved.get().state());
  }

  /** Whether enough time has passed since the last checkpoint for another. */
  public boolean checkpointIsDue() {
    return lab.journal().isDue();
  }

  /** Keeps training's state and the measurements so far. */
  public void checkpoint(State state) throws IOException {
    lab.journal().saveState(name, new RunJournal.Saved(state, measured));
  }

  /**
   * Reports progress.
   *
   * @param share done of this cell, 0 to 1
   * @param loss the latest
   */
  public void progress(double share, double loss) {
    lab.progress(name, share, loss);
  }

  List<Measurement> measured() {
    return measured;
  }
}
