package io.hfmerge.analysis.matrix;

/** Which way a matrix {@code [out, in]} is cut into lines. */
public enum Orientation {
  /** A line is a row: {@code in} numbers. */
  ROWS,
  /** A line is a column: {@code out} numbers. */
  COLUMNS
}
