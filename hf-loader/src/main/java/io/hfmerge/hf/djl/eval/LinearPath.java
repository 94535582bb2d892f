package io.hfmerge.hf.djl.eval;

import io.hfmerge.recipe.ParameterValue;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.tensor.DType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A metric along the line between two models (Frankle et al. 2020, Linear Mode Connectivity).
 *
 * @param metric its name
 * @param lowerIsBetter whether less of it is better
 * @param points from t = 0 to t = 1
 */
public record LinearPath(String metric, boolean lowerIsBetter, List<Point> points) {

  public LinearPath {
    points = List.copyOf(points);
    if (points.size() < 2) {
      throw new IllegalArgumentException("expected both ends of a line");
    }
  }

  /** The metric of {@code (1 − t) A + t B}. */
  public record Point(double t, double value) {}

  /** The highest place above the chord. */
  public record Barrier(double t, double height) {}

  /** Measures what a recipe makes. */
  @FunctionalInterface
  public interface Measure {
    Metric of(Recipe recipe) throws IOException;
  }

  /**
   * Measures models at equal distances on the line, merged in F32.
   *
   * @param first reference of the model at t = 0
   * @param second reference of the model at t = 1
   * @param count number of points, both ends included, at least 2
   */
  public static LinearPath measure(String first, String second, int count, Measure measure)
      throws IOException {
    List<Point> points = new ArrayList<>();
    String name = "";
    boolean lowerIsBetter = true;
    for (int i = 0; i < count; i++) {
      double t = (double) i / (count - 1);
      Recipe recipe =
          Recipe.builder("linear")
              .model(first, Map.of("weight", ParameterValue.of(1 - t)))
              .model(second, Map.of("weight", ParameterValue.of(t)))
              .outDtype(DType.F32)
              .build();
      Metric metric = measure.of(recipe);
      name = metric.name();
      lowerIsBetter = metric.lowerIsBetter();
      points.add(new Point(t, metric.value()));
    }
    return new LinearPath(name, lowerIsBetter, points);
  }

  /**
   * The most by which the metric is worse than the straight line between both ends (Entezari et al.
   * 2022, definition 1); 0 at an end if it is nowhere worse.
   */
  public Barrier barrier() {
    double from = points.getFirst().value();
    double to = points.getLast().value();
    Barrier highest = new Barrier(0, 0);
    for (Point point : points) {
      double above = point.value() - ((1 - point.t()) * from + point.t() * to);
      double worse = lowerIsBetter ? above : -above;
      if (worse > highest.height()) {
        highest = new Barrier(point.t(), worse);
      }
    }
    return highest;
  }
}
