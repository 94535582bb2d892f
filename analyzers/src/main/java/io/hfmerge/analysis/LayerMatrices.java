package io.hfmerge.analysis;

import io.hfmerge.hf.arch.ModelStructure;
import io.hfmerge.hf.arch.Role;
import io.hfmerge.hf.arch.WeightMatrix;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The matrices of one layer.
 *
 * @param stack the stack of layers, empty where there is one
 * @param layer layer from 0
 * @param matrices those that have a role, experts of a mixture each by itself
 */
public record LayerMatrices(String stack, int layer, List<WeightMatrix> matrices) {

  public LayerMatrices {
    matrices = List.copyOf(matrices);
  }

  private record Key(String stack, int layer) {}

  /** A model's layers, in the order of its matrices. */
  public static List<LayerMatrices> of(ModelStructure structure) {
    Map<Key, List<WeightMatrix>> layers = new LinkedHashMap<>();
    for (WeightMatrix matrix : structure.layerMatrices()) {
      layers
          .computeIfAbsent(new Key(matrix.stack(), matrix.layer()), key -> new ArrayList<>())
          .add(matrix);
    }
    List<LayerMatrices> all = new ArrayList<>();
    layers.forEach(
        (key, matrices) -> all.add(new LayerMatrices(key.stack(), key.layer(), matrices)));
    return all;
  }

  /** The matrix of a role outside of experts. */
  public Optional<WeightMatrix> find(Role role) {
    return find(role, OptionalInt.empty());
  }

  /** The matrix of a role, of an expert or outside of experts. */
  public Optional<WeightMatrix> find(Role role, OptionalInt expert) {
    return matrices.stream()
        .filter(matrix -> matrix.role() == role && matrix.expert().equals(expert))
        .findFirst();
  }
}
