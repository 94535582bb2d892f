package io.hfmerge.examples.experiment;

import java.util.List;

/**
 * What came out of an experiment beside its measurements.
 *
 * @param findings parts of the verdict, not empty
 * @param figures plots
 */
public record Outcome(List<Finding> findings, List<Figure> figures) {

  public Outcome {
    findings = List.copyOf(findings);
    figures = List.copyOf(figures);
    if (findings.isEmpty()) {
      throw new IllegalArgumentException("an outcome needs a finding");
    }
  }

  /** Whether every part holds. */
  public boolean holds() {
    return findings.stream().allMatch(Finding::holds);
  }
}
