package io.hfmerge.hf.arch;

import io.hfmerge.hf.arch.BalanceTraits.Mlp;
import io.hfmerge.hf.arch.BalanceTraits.Rotary;
import io.hfmerge.tensor.TensorSpec;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A checkpoint of a family that no definition describes: tensors by name and shape. */
final class PlainStructure implements ModelStructure {

  /** What nearly every family calls its layers: the number is the next part of a name. */
  private static final Set<String> LAYERS = Set.of("layer", "layers", "h", "block", "blocks");

  private static final int MAX_LAYER_DIGITS = 5;

  private static final String MODEL = "model.";

  private final String modelType;
  private final Map<String, Integer> layerCounts = new HashMap<>();
  private final List<String> modules;
  private final Collection<TensorSpec> tensors;

  PlainStructure(String modelType, Collection<TensorSpec> tensors) {
    this.modelType = modelType;
    this.tensors = tensors;
    for (TensorSpec tensor : tensors) {
      Place place = Place.of(tensor.name());
      if (place != null) {
        layerCounts.merge(place.stack(), place.layer() + 1, Math::max);
      }
    }
    Set<String> found = new LinkedHashSet<>();
    for (TensorSpec tensor : tensors) {
      found.add(module(tensor.name()));
    }
    this.modules = List.copyOf(found);
  }

  /**
   * A layer in a name.
   *
   * @param start where its number starts
   * @param end where it ends
   */
  private record Place(String name, int start, int end) {

    /** The first number behind one of the usual words; {@code null} if there is none. */
    static @Nullable Place of(String name) {
      for (int start = 0, dot = name.indexOf('.'); dot >= 0; ) {
        int end = name.indexOf('.', dot + 1);
        if (end >= 0
            && isNumber(name, dot + 1, end)
            && LAYERS.contains(name.substring(start, dot))) {
          return new Place(name, dot + 1, end);
        }
        start = dot + 1;
        dot = end;
      }
      return null;
    }

    private static boolean isNumber(String name, int start, int end) {
      int digits = end - start;
      if (digits < 1 || digits > MAX_LAYER_DIGITS || (digits > 1 && name.charAt(start) == '0')) {
        return false;
      }
      for (int i = start; i < end; i++) {
        if (name.charAt(i) < '0' || name.charAt(i) > '9') {
          return false;
        }
      }
      return true;
    }

    String stack() {
      return name.substring(0, start);
    }

    int layer() {
      return Integer.parseInt(name, start, end, 10);
    }
  }

  @Override
  public String modelType() {
    return modelType;
  }

  @Override
  public boolean known() {
    return false;
  }

  @Override
  public Optional<ModelDimensions> dimensions() {
    return Optional.empty();
  }

  @Override
  public List<WeightMatrix> layerMatrices() {
    return List.of();
  }

  @Override
  public List<WeightMatrix> otherMatrices() {
    return tensors.stream()
        .filter(tensor -> tensor.dtype().isFloat() && tensor.shape().rank() >= 2)
        .filter(tensor -> !isBuffer(tensor))
        .map(MatrixRows::whole)
        .toList();
  }

  @Override
  public String describe(TensorSpec tensor) {
    return isBuffer(tensor) ? "buffer" : TensorWords.word(tensor.name());
  }

  @Override
  public List<List<String>> tiedNames() {
    return List.of();
  }

  @Override
  public BalanceTraits balanceTraits() {
    return new BalanceTraits(Rotary.NONE, 0, false, Mlp.UNKNOWN);
  }

  @Override
  public String canonical(String name) {
    return name;
  }

  @Override
  public Optional<String> tiedWith(String canonicalName) {
    return Optional.empty();
  }

  @Override
  public boolean isBuffer(TensorSpec tensor) {
    return TensorWords.isBuffer(tensor);
  }

  /** By the numbers in names such as {@code layers.3.}: a guess, but the usual spelling. */
  @Override
  public Optional<LayerPosition> layer(String canonicalName) {
    Place place = Place.of(canonicalName);
    if (place == null) {
      return Optional.empty();
    }
    String stack = place.stack();
    int index = place.layer();
    int count = layerCounts.getOrDefault(stack, 0);
    return index < count ? Optional.of(new LayerPosition(stack, index, count)) : Optional.empty();
  }

  @Override
  public String inLayer(String name, int layer) {
    Place place = Place.of(name);
    return place == null ? name : place.stack() + layer + name.substring(place.end());
  }

  @Override
  public boolean precedesLayers(String canonicalName) {
    return TensorWords.precedesLayers(canonicalName);
  }

  @Override
  public boolean isVocabulary(String canonicalName) {
    return TensorWords.isVocabulary(canonicalName);
  }

  @Override
  public List<String> modules() {
    return modules.isEmpty() ? List.of(WHOLE) : modules;
  }

  /** By the first part of the name, not counting {@code model}, where there are several stacks. */
  @Override
  public String module(String canonicalName) {
    return layerCounts.size() > 1 ? firstPart(canonicalName) : WHOLE;
  }

  private static String firstPart(String name) {
    String inner = name.startsWith(MODEL) ? name.substring(MODEL.length()) : name;
    int dot = inner.indexOf('.');
    return dot < 0 ? inner : inner.substring(0, dot);
  }
}
