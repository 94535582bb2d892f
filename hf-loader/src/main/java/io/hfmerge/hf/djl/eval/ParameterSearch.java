package io.hfmerge.hf.djl.eval;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The smallest value of a function of a few bounded parameters, by few evaluations: for one
 * parameter after the other a grid over its range, from the best point of which one parameter goes
 * on by a golden section search (Kiefer 1953) between the neighbours, several by a downhill simplex
 * ({@link NelderMead}). Of functions with several minima it finds one of the best grid point's;
 * every value is in the list of trials.
 */
public final class ParameterSearch {

  private static final double GOLDEN = (Math.sqrt(5) - 1) / 2;

  /** Share of a grid's step below which a bracket tells no more of models than rounding. */
  private static final double SMALLEST = 1e-4;

  /** The first simplex reaches half way to the grid's next points, which are known. */
  private static final double FIRST_STEP = 0.5;

  private final List<Range> ranges;
  private final int gridPoints;
  private final int evaluations;
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

  /** Each candidate is a merge and an evaluation: a larger number is a slip of the finger. */
  private static final int MOST_CANDIDATES = 10_000;

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
   * @param gridPoints points on each parameter's grid, 2 to 10,000
   * @param evaluations most evaluations after the grid, 0 to 10,000
   * @throws IllegalArgumentException if there is no range, or a number is outside these
   */
  public ParameterSearch(List<Range> ranges, int gridPoints, int evaluations, Objective objective) {
    if (ranges.isEmpty()) {
      throw new IllegalArgumentException("expected a parameter at least, found none");
    }
    if (gridPoints < 2 || gridPoints > MOST_CANDIDATES) {
      throw new IllegalArgumentException(
          "grid: expected 2 to %d points, found %d".formatted(MOST_CANDIDATES, gridPoints));
    }
    if (evaluations < 0 || evaluations > MOST_CANDIDATES) {
      throw new IllegalArgumentException(
          "evaluations: expected 0 to %d, found %d".formatted(MOST_CANDIDATES, evaluations));
    }
    this.ranges = List.copyOf(ranges);
    this.gridPoints = gridPoints;
    this.evaluations = evaluations;
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
    double value = Double.POSITIVE_INFINITY;
    for (int index = 0; index < ranges.size(); index++) {
      value = grid(best, index);
    }
    if (ranges.size() == 1) {
      sections(best.getFirst());
    } else {
      new NelderMead(ranges, this::at).run(best, value, FIRST_STEP / (gridPoints - 1), evaluations);
    }
    return trials.entrySet().stream().map(e -> new Trial(e.getKey(), e.getValue())).toList();
  }

  /** The best of some trials; NaN is never best. */
  public static Trial best(List<Trial> trials) {
    return trials.stream()
        .min(Comparator.comparingDouble(Trial::value))
        .orElseThrow(() -> new IllegalArgumentException("no trials"));
  }

  /** Moves one parameter to the best point of its grid, and gives the value there. */
  private double grid(List<Double> best, int index) throws IOException {
    double value = Double.POSITIVE_INFINITY;
    double place = best.get(index);
    for (int i = 0; i < gridPoints; i++) {
      best.set(index, point(ranges.get(index), i));
      double found = at(best);
      if (found < value) {
        value = found;
        place = best.get(index);
      }
    }
    best.set(index, place);
    return value;
  }

  /** Between the neighbours of a grid's best point. */
  private void sections(double best) throws IOException {
    Range range = ranges.getFirst();
    double step = (range.high() - range.low()) / (gridPoints - 1);
    double low = Math.max(range.low(), best - step);
    double high = Math.min(range.high(), best + step);
    double left = high - GOLDEN * (high - low);
    double right = low + GOLDEN * (high - low);
    int known = trials.size();
    while (trials.size() - known < evaluations && high - low > SMALLEST * step) {
      // one of the two was evaluated before, from the second step on
      double atLeft = at(List.of(left));
      double atRight = at(List.of(right));
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
  }

  private double point(Range range, int index) {
    double step = (range.high() - range.low()) / (gridPoints - 1);
    return index == gridPoints - 1 ? range.high() : range.low() + index * step;
  }

  private double at(List<Double> place) throws IOException {
    List<Double> key = List.copyOf(place);
    Double known = trials.get(key);
    if (known == null) {
      known = objective.at(key);
      trials.put(key, known);
    }
    return known;
  }
}
