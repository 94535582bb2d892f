package io.hfmerge.analysis;

import io.hfmerge.hf.arch.ModelStructure;
import io.hfmerge.tensor.Checkpoint;
import java.util.Optional;

/**
 * A model to analyse.
 *
 * @param id how the user named it
 * @param revision commit or content id, where one is known
 * @param checkpoint its tensors, open during the analysis
 * @param structure its layers and roles
 */
public record AnalysisSubject(
    String id, Optional<String> revision, Checkpoint checkpoint, ModelStructure structure) {

  /** A model named as its checkpoint is, of no known revision. */
  public static AnalysisSubject of(Checkpoint checkpoint, ModelStructure structure) {
    return new AnalysisSubject(checkpoint.id(), Optional.empty(), checkpoint, structure);
  }
}
