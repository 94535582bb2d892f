package io.hfmerge.examples.experiment;

/** Hears how far an experiment is. */
@FunctionalInterface
public interface ProgressSink {

  /**
   * Called often.
   *
   * @param share done of the experiment, 0 to 1
   * @param cell at work
   * @param loss the latest; NaN if there is none
   */
  void at(double share, String cell, double loss);
}
