package io.hfmerge.analysis.spectral;

import java.io.IOException;

/** A matrix that is read in panels of its long lines' short elements: {@code count x length}. */
public interface LineSource {

  /** Number of lines: the longer side. */
  int count();

  /** Length of a line: the shorter side. */
  int length();

  /** Whether lines are the columns of the matrix; else they are its rows. */
  boolean columns();

  /**
   * Reads lines.
   *
   * @param first first line
   * @param some number of lines
   * @param target element {@code k} of line {@code first + i} goes to {@code i * length + k}
   */
  void read(int first, int some, double[] target) throws IOException;
}
