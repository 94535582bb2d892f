package io.hfmerge.examples.experiment.train;

import java.util.TreeSet;

/** At which steps training is looked at. */
@FunctionalInterface
public interface Schedule {

  boolean looksAt(long step, long steps);

  /** At the end only. */
  static Schedule atEnd() {
    return (step, steps) -> step == steps;
  }

  /** At every {@code interval}-th step, every one for 0, and at the end. */
  static Schedule every(long interval) {
    return (step, steps) -> step % Math.max(1, interval) == 0 || step == steps;
  }

  /** At steps 0, 1 and from there at equal ratios, {@code count} times, the last step included. */
  static Schedule logarithmic(long steps, int count) {
    TreeSet<Long> chosen = new TreeSet<>();
    chosen.add(0L);
    for (int i = 0; i < count; i++) {
      chosen.add(Math.round(Math.pow((double) steps, (double) i / (count - 1))));
    }
    return (step, last) -> step == last || chosen.contains(step);
  }
}
