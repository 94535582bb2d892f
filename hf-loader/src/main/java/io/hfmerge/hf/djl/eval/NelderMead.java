package io.hfmerge.hf.djl.eval;

import io.hfmerge.hf.djl.eval.ParameterSearch.Objective;
import io.hfmerge.hf.djl.eval.ParameterSearch.Range;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The downhill simplex of Nelder and Mead (1965), with their coefficients, between bounds: a place
 * outside is moved to the bound. For a few parameters whose effects depend on each other, and
 * functions that are smooth but for a little noise. NaN counts as worse than everything.
 */
final class NelderMead {

  private static final double REFLECTION = 1;
  private static final double EXPANSION = 2;
  private static final double CONTRACTION = 0.5;
  private static final double SHRINKAGE = 0.5;

  /** Share of each range below which a simplex tells no more of models than rounding. */
  private static final double SMALLEST = 1e-4;

  private final List<Range> ranges;
  private final Objective objective;
  private final List<Vertex> simplex = new ArrayList<>();
  private int left;

  private record Vertex(List<Double> place, double value) {}

  NelderMead(List<Range> ranges, Objective objective) {
    this.ranges = ranges;
    this.objective = objective;
  }

  /**
   * Searches from a place that has been evaluated.
   *
   * @param step share of each range to the first simplex's other vertices
   * @param evaluations most of them
   */
  void run(List<Double> start, double value, double step, int evaluations) throws IOException {
    left = evaluations;
    simplex.add(new Vertex(List.copyOf(start), value));
    for (int i = 0; i < ranges.size() && left > 0; i++) {
      Range range = ranges.get(i);
      double width = step * (range.high() - range.low());
      List<Double> place = new ArrayList<>(start);
      place.set(i, start.get(i) + (start.get(i) + width <= range.high() ? width : -width));
      simplex.add(evaluated(place));
    }
    while (left > 0 && size() > SMALLEST) {
      step();
    }
  }

  private void step() throws IOException {
    simplex.sort(Comparator.comparingDouble(Vertex::value));
    Vertex best = simplex.getFirst();
    Vertex worst = simplex.removeLast();
    Vertex second = simplex.getLast();
    List<Double> center = center();
    Vertex reflected = evaluated(between(center, worst.place(), -REFLECTION));
    if (reflected.value() < best.value() && left > 0) {
      Vertex expanded = evaluated(between(center, worst.place(), -EXPANSION));
      simplex.add(expanded.value() < reflected.value() ? expanded : reflected);
    } else if (reflected.value() < second.value() || left == 0) {
      simplex.add(reflected);
    } else {
      Vertex better = reflected.value() < worst.value() ? reflected : worst;
      Vertex contracted = evaluated(between(center, better.place(), CONTRACTION));
      simplex.add(contracted.value() < better.value() ? contracted : worst);
      if (contracted.value() >= better.value()) {
        shrink(best);
      }
    }
  }

  private void shrink(Vertex best) throws IOException {
    List<Vertex> others = new ArrayList<>(simplex);
    others.remove(best);
    simplex.clear();
    simplex.add(best);
    for (Vertex vertex : others) {
      simplex.add(left > 0 ? evaluated(between(best.place(), vertex.place(), SHRINKAGE)) : vertex);
    }
  }

  private Vertex evaluated(List<Double> place) throws IOException {
    List<Double> bounded = new ArrayList<>();
    for (int i = 0; i < place.size(); i++) {
      bounded.add(Math.clamp(place.get(i), ranges.get(i).low(), ranges.get(i).high()));
    }
    left--;
    double value = objective.at(List.copyOf(bounded));
    return new Vertex(bounded, Double.isNaN(value) ? Double.POSITIVE_INFINITY : value);
  }

  private List<Double> center() {
    List<Double> center = new ArrayList<>();
    for (int i = 0; i < ranges.size(); i++) {
      int coordinate = i;
      center.add(
          simplex.stream()
              .mapToDouble(vertex -> vertex.place().get(coordinate))
              .average()
              .orElseThrow());
    }
    return center;
  }

  /** {@code from + share (to − from)}. */
  private static List<Double> between(List<Double> from, List<Double> to, double share) {
    List<Double> place = new ArrayList<>();
    for (int i = 0; i < from.size(); i++) {
      place.add(from.get(i) + share * (to.get(i) - from.get(i)));
    }
    return place;
  }

  /** The longest edge along a parameter, as a share of its range. */
  private double size() {
    double longest = 0;
    for (int i = 0; i < ranges.size(); i++) {
      double low = Double.POSITIVE_INFINITY;
      double high = Double.NEGATIVE_INFINITY;
      for (Vertex vertex : simplex) {
        low = Math.min(low, vertex.place().get(i));
        high = Math.max(high, vertex.place().get(i));
      }
      longest = Math.max(longest, (high - low) / (ranges.get(i).high() - ranges.get(i).low()));
    }
    return longest;
  }
}
