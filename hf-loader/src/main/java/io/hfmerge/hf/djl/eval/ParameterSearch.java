package io.hfmerge.hf.djl.eval;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The smallest value of a function of a few bounded parameters, by few evaluations: for one
 * parameter after the other a grid over its range, then a golden section search (Kiefer 1953)
 * between the neighbours of the best point. Of functions with several minima it finds one of the
 * best grid point's; every value is in the list of trials.
 */
public final class ParameterSearch {

  private static final double GOLDEN = (Math.sqrt(5) - 1) / 2;

  /** A second round over several parameters sees the first round's choices of the others. */
  private static final int ROUNDS = 2;

  private final List<Range> ranges;
  private final int gridPoints;
  private final int sections;
  private final Objective objective;
  private final Map<List<Double>, Double> trials = new LinkedHashMap<>();

  /** What is to be small. */
  @FunctionalInterface
  public interface Objective {

    /**
     * Evaluates.
     *
     * @param values one a parameter, in their order
     */
    double at(List<Double> values) throws IOException;
  }

  /** Both bounds of a parameter. */
  public record Range(double low, double high) {

    public Range {
      if (!(low < high && Double.isFinite(low) && Double.isFinite(high))) {
        throw new IllegalArgumentException(
            "expected a finite range LOW:HIGH, found %s:%s".formatted(low, high));
      }
    }
  }

  /** A point and its value. */
  public record Trial(List<Double> values, double value) {

    public Trial {
      values = List.copyOf(values);
    }
  }

  /**
   * @param gridPoints points on each parameter's grid, at least 2
   * @param sections evaluations of the golden section search for each parameter
   */
  public ParameterSearch(List<Range> ranges, int gridPoints, int sections, Objective objective) {
    if (ranges.isEmpty() || gridPoints < 2 || sections < 0) {
      throw new IllegalArgumentException(
          "expected parameters, a grid of at least 2 points and no fewer than 0 sections");
    }
    this.ranges = List.copyOf(ranges);
    this.gridPoints = gridPoints;
    this.sections = sections;
    this.objective = objective;
  }

  /**
   * Searches, from the middle of all ranges.
   *
   * @return every point that was evaluated, in their order
   */
  public List<Trial> run() throws IOException {
    List<Double> best = new ArrayList<>();
    ranges.forEach(range -> best.add((range.low() + range.high()) / 2));
    for (int round = 0; round < (ranges.size() == 1 ? 1 : ROUNDS); round++) {
      for (int index = 0; index < ranges.size(); index++) {
        improve(best, index);
      }
    }
    return trials.entrySet().stream().map(e -> new Trial(e.getKey(), e.getValue())).toList();
  }

  /** The best of some trials; NaN is never best. */
  public static Trial best(List<Trial> trials) {
    return trials.stream()
        .min(Comparator.comparingDouble(Trial::value))
        .orElseThrow(() -> new IllegalArgumentException("no trials"));
  }

  private void improve(List<Double> best, int index) throws IOException {
    Range range = ranges.get(index);
    double step = (range.high() - range.low()) / (gridPoints - 1);
    int lowest = 0;
    double value = Double.POSITIVE_INFINITY;
    for (int i = 0; i < gridPoints; i++) {
      double found = at(best, index, grid(range, step, i));
      if (found < value) {
        value = found;
        lowest = i;
      }
    }
    double low = grid(range, step, Math.max(lowest - 1, 0));
    double high = grid(range, step, Math.min(lowest + 1, gridPoints - 1));
    double place = grid(range, step, lowest);
    double left = high - GOLDEN * (high - low);
    double right = low + GOLDEN * (high - low);
    for (int i = 0; i < sections; i++) {
      // one of the two was evaluated before, from the second step on
      double atLeft = at(best, index, left);
      double atRight = at(best, index, right);
      if (Math.min(atLeft, atRight) < value) {
        value = Math.min(atLeft, atRight);
        place = atLeft < atRight ? left : right;
      }
      if (atLeft < atRight) {
        high = right;
        right = left;
        left = high - GOLDEN * (high - low);
      } else {
        low = left;
        left = right;
        right = low + GOLDEN * (high - low);
      }
    }
    best.set(index, place);
  }

  private double grid(Range range, double step, int index) {
    return index == gridPoints - 1 ? range.high() : range.low() + index * step;
  }

  private double at(List<Double> others, int index, double place) throws IOException {
    List<Double> point = new ArrayList<>(others);
    point.set(index, place);
    List<Double> key = List.copyOf(point);
    Double known = trials.get(key);
    if (known == null) {
      known = objective.at(key);
      trials.put(key, known);
    }
    return known;
  }
}
