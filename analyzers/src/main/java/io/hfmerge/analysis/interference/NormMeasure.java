package io.hfmerge.analysis.interference;

import java.util.List;

/** Measures of one matrix from spectral norms alone. */
interface NormMeasure {

  /** What it measures. */
  List<Measure> measures();

  /** Takes them. */
  void measure(NormFacts norms, Findings findings);
}
