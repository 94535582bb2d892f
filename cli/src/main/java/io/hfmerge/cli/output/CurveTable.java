package io.hfmerge.cli.output;

import java.util.List;
import java.util.Locale;

/** Numbers at points, with a bar each from the smallest to the largest. */
public final class CurveTable {

  private static final int BAR = 40;

  private CurveTable() {}

  /** A point: what it is called, and its value. */
  public record Point(String label, double value) {}

  /**
   * Renders.
   *
   * @param header above the labels
   * @param name of the values
   */
  public static String render(String header, String name, List<Point> points) {
    int width = header.length();
    double least = Double.POSITIVE_INFINITY;
    double most = Double.NEGATIVE_INFINITY;
    for (Point point : points) {
      width = Math.max(width, point.label().length());
      least = Math.min(least, point.value());
      most = Math.max(most, point.value());
    }
    String line = "%-" + width + "s  %12s  %s%n";
    StringBuilder text = new StringBuilder();
    text.append(String.format(Locale.ROOT, line, header, name, "").stripTrailing()).append('\n');
    for (Point point : points) {
      double share = most > least ? (point.value() - least) / (most - least) : 0;
      String bar = "#".repeat(1 + (int) Math.round(share * (BAR - 1)));
      String value = String.format(Locale.ROOT, "%.6g", point.value());
      text.append(String.format(Locale.ROOT, line, point.label(), value, bar));
    }
    return text.toString();
  }
}
