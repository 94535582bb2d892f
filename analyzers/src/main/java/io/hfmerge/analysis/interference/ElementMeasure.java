package io.hfmerge.analysis.interference;

import java.util.List;

/** Measures from sums over elements: exact for any group of tensors, the whole model included. */
interface ElementMeasure {

  /** What it measures. */
  List<Measure> measures();

  /** Takes them. */
  void measure(TensorSums sums, double[] weights, Findings findings);
}
