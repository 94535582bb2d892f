package io.hfmerge.analysis;

import io.hfmerge.analysis.matrix.MatrixCombination;
import io.hfmerge.analysis.matrix.MatrixOpener;
import io.hfmerge.analysis.matrix.MatrixSource;
import io.hfmerge.hf.arch.ModelStructure;
import io.hfmerge.hf.arch.WeightMatrix;
import io.hfmerge.tensor.Checkpoint;
import java.io.IOException;
import java.util.Optional;

/**
 * What to analyse: a model's weights, or their difference to those of its base (a task vector),
 * which is computed while it is read.
 *
 * @param id how the user named the model
 * @param revision commit or content id, where one is known
 * @param checkpoint its tensors, open during the analysis
 * @param structure its layers and roles
 * @param base what is subtracted; empty for the weights themselves
 */
public record AnalysisSubject(
    String id,
    Optional<String> revision,
    Checkpoint checkpoint,
    ModelStructure structure,
    Optional<Counterparts> base)
    implements MatrixOpener {

  /** A model's weights. */
  public AnalysisSubject(
      String id, Optional<String> revision, Checkpoint checkpoint, ModelStructure structure) {
    this(id, revision, checkpoint, structure, Optional.empty());
  }

  /** A model named as its checkpoint is, of no known revision. */
  public static AnalysisSubject of(Checkpoint checkpoint, ModelStructure structure) {
    return new AnalysisSubject(checkpoint.id(), Optional.empty(), checkpoint, structure);
  }

  /** The difference of this model to another: {@code this − base}. */
  public AnalysisSubject minus(Counterparts other) {
    return new AnalysisSubject(id, revision, checkpoint, structure, Optional.of(other));
  }

  @Override
  public MatrixSource open(WeightMatrix matrix) throws IOException {
    if (base.isEmpty()) {
      return MatrixSource.open(checkpoint, matrix);
    }
    WeightMatrix counterpart = base.get().of(this, matrix);
    MatrixSource minuend = MatrixSource.open(checkpoint, matrix);
    try {
      return MatrixCombination.difference(
          minuend, MatrixSource.open(base.get().owner().checkpoint(), counterpart));
    } catch (IOException | RuntimeException e) {
      minuend.close();
      throw e;
    }
  }
}
