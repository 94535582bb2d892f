package io.hfmerge.analysis.interference;

import java.util.List;

/** Measures of one matrix, from spectra and products of its task vectors. */
interface SpectralMeasure {

  /** What it measures. */
  List<Measure> measures();

  /** Takes them. */
  void measure(MatrixFacts facts, Findings findings);
}
