package io.hfmerge.analysis;

import io.hfmerge.error.IncompatibleCheckpointsException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.arch.MatrixBlock;
import io.hfmerge.hf.arch.ModelStructure;
import io.hfmerge.hf.arch.Role;
import io.hfmerge.hf.arch.WeightMatrix;
import io.hfmerge.tensor.TensorSpec;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A model whose matrices stand against those of another one, fine-tuned from it or to it: layer
 * matrices by stack, layer, role and expert, so that neither prefixes nor fused layouts matter; all
 * others by canonical names, tied ones by either name. Tensors of rank 1 and 0 count as matrices of
 * one column.
 */
public final class Counterparts {

  private record Place(String stack, int layer, Role role, OptionalInt expert, String name) {}

  private final AnalysisSubject owner;
  private final SequencedMap<Place, WeightMatrix> matrices = new LinkedHashMap<>();

  /** Lists the matrices of a model, which stays its opener's to close. */
  public Counterparts(AnalysisSubject owner) {
    this.owner = owner;
    ModelStructure structure = owner.structure();
    structure.layerMatrices().forEach(matrix -> matrices.put(place(structure, matrix), matrix));
    structure.otherMatrices().forEach(matrix -> matrices.put(place(structure, matrix), matrix));
    Set<String> covered =
        matrices.values().stream()
            .flatMap(matrix -> matrix.blocks().stream())
            .map(MatrixBlock::tensor)
            .collect(Collectors.toSet());
    for (TensorSpec spec : owner.checkpoint().tensors()) {
      if (!covered.contains(spec.name())
          && spec.shape().rank() < 2
          && spec.dtype().isFloat()
          && !structure.isBuffer(spec)) {
        WeightMatrix vector = vector(spec);
        matrices.put(place(structure, vector), vector);
      }
    }
  }

  private static WeightMatrix vector(TensorSpec spec) {
    return new WeightMatrix(
        "",
        -1,
        Role.OTHER,
        OptionalInt.empty(),
        spec.name(),
        spec.elements(),
        1,
        List.of(new MatrixBlock(spec.name(), false, 0, spec.elements(), 1)));
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

  /** The model that these are the matrices of. */
  public AnalysisSubject owner() {
    return owner;
  }

  /** All matrices: those of layers, QKV beside its parts, then all others, then vectors. */
  public List<WeightMatrix> all() {
    return List.copyOf(matrices.values());
  }

  /** This model's matrices that another one lacks. */
  public List<WeightMatrix> missingIn(Counterparts other) {
    return matrices.values().stream()
        .filter(matrix -> other.find(owner, matrix).isEmpty())
        .toList();
  }

  private Optional<WeightMatrix> find(AnalysisSubject other, WeightMatrix matrix) {
    Place place = place(other.structure(), matrix);
    Optional<WeightMatrix> found = Optional.ofNullable(matrices.get(place));
    if (found.isPresent() || matrix.role() != Role.OTHER) {
      return found;
    }
    return other
        .structure()
        .tiedWith(place.name())
        .map(tied -> new Place(place.stack(), place.layer(), place.role(), place.expert(), tied))
        .map(matrices::get);
  }

  /**
   * The matrix that stands against one of another model.
   *
   * @throws UnsupportedFeatureException if there is none, or an embedding of another vocabulary
   * @throws IncompatibleCheckpointsException if it has another shape within the layers: the models
   *     are not of one family
   */
  public WeightMatrix of(AnalysisSubject other, WeightMatrix matrix) {
    WeightMatrix counterpart =
        find(other, matrix)
            .orElseThrow(() -> new UnsupportedFeatureException(owner.id() + " has no counterpart"));
    if (counterpart.rows() == matrix.rows() && counterpart.columns() == matrix.columns()) {
      return counterpart;
    }
    String message =
        "%s is %d x %d in %s, %s is %d x %d in %s"
            .formatted(
                matrix.label(),
                matrix.rows(),
                matrix.columns(),
                other.id(),
                counterpart.label(),
                counterpart.rows(),
                counterpart.columns(),
                owner.id());
    if (matrix.layer() >= 0) {
      throw new IncompatibleCheckpointsException(
          message + ": expected models of one shape, fine-tuned from one base");
    }
    throw new UnsupportedFeatureException(message);
  }
}
