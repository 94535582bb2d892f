package io.hfmerge.examples.experiment;

/**
 * A plot of one metric: a line per group, mean and standard deviation over repeats.
 *
 * @param metric of the measurements, and the name of the file
 * @param title above the plot
 * @param xLabel below the plot
 * @param yLabel beside the plot
 * @param logX whether the horizontal axis is logarithmic; a 0 has its place left of it
 * @param logY whether the vertical axis is logarithmic; values of 0 or less are left out
 */
public record Figure(
    String metric, String title, String xLabel, String yLabel, boolean logX, boolean logY) {}
