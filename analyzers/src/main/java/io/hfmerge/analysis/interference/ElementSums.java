package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.interference.TaskMatrices.PanelUse;
import io.hfmerge.analysis.matrix.Rounding;
import java.util.ArrayList;
import java.util.List;

/**
 * Sums over the elements of one matrix and its task vectors, gathered while panels of it go by
 * twice: which elements are the largest is known after the first reading. Not thread-safe.
 */
final class ElementSums {

  private final int tasks;
  private final int length;
  private final TensorSums sums;
  private final int baseBits;
  private final int[] bits;
  private final List<LargestElements> largest = new ArrayList<>();
  private final float[] least;

  ElementSums(TaskMatrices matrices) {
    this.tasks = matrices.tasks();
    this.length = matrices.length();
    this.sums = new TensorSums(tasks);
    this.baseBits = Rounding.significantBits(matrices.base().dtype());
    this.bits = new int[tasks];
    this.least = new float[tasks];
    for (int t = 0; t < tasks; t++) {
      bits[t] = Rounding.significantBits(matrices.model(t).dtype());
      largest.add(new LargestElements());
    }
  }

  /** Of the panels so far; complete after both readings. */
  TensorSums sums() {
    return sums;
  }

  /** Whether any task vector has an element that is not zero. */
  boolean changed() {
    return changedTasks() > 0;
  }

  private int changedTasks() {
    int changed = 0;
    for (int t = 0; t < tasks; t++) {
      changed += sums.squares(t) > 0 ? 1 : 0;
    }
    return changed;
  }

  /** Whether all elements were finite, and so are the sums of their squares. */
  boolean finite() {
    double total = sums.baseSquares();
    for (int t = 0; t < tasks; t++) {
      total += sums.squares(t);
    }
    return Double.isFinite(total);
  }

  /** Takes a panel of the first reading; see {@link PanelUse}. */
  void first(int some, double[] origin, List<double[]> deltas) {
    int elements = some * length;
    sums.addProducts(origin, deltas, elements);
    for (int t = 0; t < tasks; t++) {
      double[] delta = deltas.get(t);
      sums.addNoise(t, noise(origin, delta, elements, baseBits, bits[t]));
      largest.get(t).add(delta, elements);
      for (int j = t + 1; j < tasks; j++) {
        sums.addSigns(t, j, delta, deltas.get(j), elements);
      }
    }
  }

  /**
   * Decides after the first reading which elements are among the largest.
   *
   * @param density share of the elements
   * @return whether a second reading would find anything
   */
  boolean choose(double density) {
    for (int t = 0; t < tasks; t++) {
      least[t] = largest.get(t).threshold(density, sums.elements());
    }
    return changedTasks() > 1;
  }

  /** Takes a panel of the second reading. */
  void second(int some, List<double[]> deltas) {
    for (int i = 0; i < tasks; i++) {
      for (int j = i + 1; j < tasks; j++) {
        sums.addLargest(i, j, deltas.get(i), deltas.get(j), least[i], least[j], some * length);
      }
    }
  }

  /** Variance that rounding both operands to their dtypes gives a difference that is not zero. */
  private static double noise(
      double[] origin, double[] delta, int elements, int baseBits, int modelBits) {
    double sum = 0;
    for (int i = 0; i < elements; i++) {
      if (delta[i] != 0) {
        sum +=
            Rounding.variance(origin[i], baseBits)
                + Rounding.variance(origin[i] + delta[i], modelBits);
      }
    }
    return sum;
  }
}
