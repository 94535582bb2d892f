package io.hfmerge.examples.experiment;

/**
 * One number.
 *
 * @param metric what was measured
 * @param group the line of the plot it belongs to
 * @param x its place on that line
 * @param repeat from 0
 * @param value what was measured; NaN where a run diverged
 */
public record Measurement(String metric, String group, double x, int repeat, double value) {}
