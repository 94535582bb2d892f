package io.hfmerge.examples.experiment;

/**
 * A plot of one metric.
 *
 * @param metric of the measurements, and the name of the file
 * @param title above the plot
 * @param xLabel below the plot
 * @param yLabel beside the plot
 * @param logX whether the horizontal axis is logarithmic; a 0 has its place left of it
 * @param logY whether the vertical axis is logarithmic; values of 0 or less are left out
 * @param kind what is drawn
 */
public record Figure(
    String metric,
    String title,
    String xLabel,
    String yLabel,
    boolean logX,
    boolean logY,
    Kind kind) {

  /** What is drawn. */
  public enum Kind {
    /** A line per group: mean and standard deviation over repeats. */
    LINES,
    /** A point per measurement, on equal axes. */
    SCATTER
  }

  /** Lines. */
  public Figure(
      String metric, String title, String xLabel, String yLabel, boolean logX, boolean logY) {
    this(metric, title, xLabel, yLabel, logX, logY, Kind.LINES);
  }

  /** Two numbers that are compared with each other. */
  public static Figure scatter(String metric, String title, String xLabel, String yLabel) {
    return new Figure(metric, title, xLabel, yLabel, false, false, Kind.SCATTER);
  }
}
