package io.hfmerge.hf.checklist;

import io.hfmerge.hf.HfModel;
import java.io.IOException;
import java.util.List;

/**
 * Runs a model once: the last check, apart from the others since it needs an engine and the memory
 * for all weights.
 */
@FunctionalInterface
public interface ModelTrial {

  /**
   * What was found.
   *
   * @param findings faults of the model
   * @param notes what was run, or why nothing was
   */
  record Outcome(List<Finding> findings, List<String> notes) {

    public Outcome {
      findings = List.copyOf(findings);
      notes = List.copyOf(notes);
    }

    /** A fault. */
    public static Outcome fault(Finding finding) {
      return new Outcome(List.of(finding), List.of());
    }

    /** No fault. */
    public static Outcome sound(String note) {
      return new Outcome(List.of(), List.of(note));
    }
  }

  /**
   * Runs a model.
   *
   * @throws IOException if its files cannot be read
   */
  Outcome run(HfModel model) throws IOException;
}
