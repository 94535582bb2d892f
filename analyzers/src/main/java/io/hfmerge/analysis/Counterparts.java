package io.hfmerge.analysis;

import io.hfmerge.error.IncompatibleCheckpointsException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.arch.MatrixBlock;
import io.hfmerge.hf.arch.ModelStructure;
import io.hfmerge.hf.arch.Role;
import io.hfmerge.hf.arch.WeightMatrix;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A base whose matrices stand against those of models fine-tuned from it: layer matrices by stack,
 * layer, role and expert, so that neither prefixes nor fused layouts matter; all others by
 * canonical names.
 */
public final class Counterparts {

  private record Place(String stack, int layer, Role role, OptionalInt expert, String name) {}

  private final AnalysisSubject base;
  private final Map<Place, WeightMatrix> matrices = new HashMap<>();

  /** Lists the matrices of a base, which stays its opener's to close. */
  public Counterparts(AnalysisSubject base) {
    this.base = base;
    base.structure().layerMatrices().forEach(m -> matrices.put(place(base.structure(), m), m));
    base.structure().otherMatrices().forEach(m -> matrices.put(place(base.structure(), m), m));
  }

  private static Place place(ModelStructure structure, WeightMatrix matrix) {
    String name = "";
    if (matrix.role() == Role.OTHER) {
      List<String> names =
          matrix.blocks().stream().map(MatrixBlock::tensor).map(structure::canonical).toList();
      name = String.join("+", names);
    }
    return new Place(matrix.stack(), matrix.layer(), matrix.role(), matrix.expert(), name);
  }

  /** The base. */
  public AnalysisSubject base() {
    return base;
  }

  /** The base's layer matrices that a model lacks. */
  List<WeightMatrix> missingIn(AnalysisSubject model) {
    Counterparts other = new Counterparts(model);
    return base.structure().layerMatrices().stream()
        .filter(matrix -> other.find(base.structure(), matrix).isEmpty())
        .toList();
  }

  private Optional<WeightMatrix> find(ModelStructure structure, WeightMatrix matrix) {
    return Optional.ofNullable(matrices.get(place(structure, matrix)));
  }

  /**
   * The base's matrix for one of a model.
   *
   * @throws UnsupportedFeatureException if the base has none, or an embedding of another vocabulary
   * @throws IncompatibleCheckpointsException if it has another shape within the layers: the models
   *     are not of one family
   */
  public WeightMatrix of(AnalysisSubject model, WeightMatrix matrix) {
    WeightMatrix counterpart =
        find(model.structure(), matrix)
            .orElseThrow(() ->
                new UnsupportedFeatureException("the base " + base.id() + " has no counterpart"));
    if (counterpart.rows() == matrix.rows() && counterpart.columns() == matrix.columns()) {
      return counterpart;
    }
    String message =
        "%s is %d x %d in %s, %s is %d x %d in the base %s"
            .formatted(
                matrix.label(),
                matrix.rows(),
                matrix.columns(),
                model.id(),
                counterpart.label(),
                counterpart.rows(),
                counterpart.columns(),
                base.id());
    if (matrix.layer() >= 0) {
      throw new IncompatibleCheckpointsException(
          message + ": expected models that were fine-tuned from the base");
    }
    throw new UnsupportedFeatureException(message);
  }
}
