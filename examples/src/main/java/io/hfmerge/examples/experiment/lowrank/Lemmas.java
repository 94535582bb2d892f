package io.hfmerge.examples.experiment.lowrank;

import io.hfmerge.examples.experiment.Cell;
import io.hfmerge.examples.experiment.Lab;
import io.hfmerge.examples.experiment.Numbers;
import io.hfmerge.examples.experiment.train.Mlp;
import java.util.List;

/**
 * How Lemmas 2 and 3 of arXiv:2502.17340 are tested: networks 20-32-16-1 with ReLU (H = 1) or its
 * square (H = 2) and 60 points are brought to non-zero stationary points, for every λ and repeat.
 */
final class Lemmas {

  /** Units of time, in 1/λ, after which what weight decay removes is gone: e^{-10}. */
  private static final double TIMES = 10;

  /** H, of the activations max(x, 0)^H. */
  static final List<Integer> POWERS = List.of(1, 2);

  private static final List<Integer> WIDTHS = List.of(20, 32, 16, 1);
  private static final int POINTS = 60;

  private Lemmas() {}

  /**
   * What a lemma is held against.
   *
   * @param power H
   * @param layers K
   * @param decay λ
   * @param repeat from 0
   * @param point that was reached
   */
  record Trial(int power, int layers, double decay, int repeat, Stationary.Point point) {}

  /** Looks at a trial. */
  @FunctionalInterface
  interface Look {
    void at(Cell cell, Trial trial);
  }

  /** A cell for each trial; draws of data and weights are named after the lemma. */
  static Lab.Cells trials(Lab lab, String lemma, double[] decays, int repeats, Look look) {
    Lab.Cells cells = new Lab.Cells();
    for (int power : POWERS) {
      Mlp network = new Mlp(WIDTHS, power);
      for (double decay : decays) {
        for (int repeat = 0; repeat < repeats; repeat++) {
          int r = repeat;
          String stream = lemma + " " + repeat;
          cells.add(
              "H %d decay %s repeat %d".formatted(power, Numbers.exact(decay), repeat),
              cell ->
                  new Stationary(
                          network, gain(power), rate(power), decay, lab.steps(steps(power, decay)))
                      .run(
                          lab,
                          cell,
                          stream,
                          Stationary.task(lab, stream, POINTS, WIDTHS.getFirst()),
                          point ->
                              look.at(cell, new Trial(power, network.layers(), decay, r, point))));
        }
      }
    }
    return cells;
  }

  /** Initial gain: squares of small numbers are smaller, so H = 2 begins larger. */
  private static double gain(int power) {
    return power == 1 ? Math.sqrt(2) : 2;
  }

  /** Step size: curvature grows with the weights' powers. */
  private static double rate(int power) {
    return power == 1 ? 0.5 : 0.1;
  }

  private static long steps(int power, double decay) {
    return Math.round(TIMES / decay / rate(power));
  }
}
