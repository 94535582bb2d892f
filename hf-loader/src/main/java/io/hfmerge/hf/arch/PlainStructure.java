package io.hfmerge.hf.arch;

import io.hfmerge.hf.arch.BalanceTraits.Mlp;
import io.hfmerge.hf.arch.BalanceTraits.Rotary;
import io.hfmerge.tensor.TensorSpec;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A checkpoint of a family that no definition describes: tensors by name and shape. */
final class PlainStructure implements ModelStructure {

  /** How nearly every family numbers its layers. */
  private static final Pattern LAYER =
      Pattern.compile("(.*?(?:^|\\.)(?:layers?|h|blocks?)\\.)(0|[1-9][0-9]{0,4})\\..*");

  private static final String MODEL = "model.";

  private final String modelType;
  private final Map<String, Integer> layerCounts = new HashMap<>();
  private final List<String> modules;
  private final List<WeightMatrix> matrices;

  PlainStructure(String modelType, Collection<TensorSpec> tensors) {
    this.modelType = modelType;
    for (TensorSpec tensor : tensors) {
      Matcher matcher = LAYER.matcher(tensor.name());
      if (matcher.matches()) {
        layerCounts.merge(matcher.group(1), Integer.parseInt(matcher.group(2)) + 1, Math::max);
      }
    }
    this.modules = tensors.stream().map(TensorSpec::name).map(this::module).distinct().toList();
    this.matrices =
        tensors.stream()
            .filter(tensor -> tensor.dtype().isFloat() && tensor.shape().rank() >= 2)
            .filter(tensor -> !isBuffer(tensor))
            .map(MatrixRows::whole)
            .toList();
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
    return matrices;
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
    Matcher matcher = LAYER.matcher(canonicalName);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    int index = Integer.parseInt(matcher.group(2));
    int count = layerCounts.getOrDefault(matcher.group(1), 0);
    return index < count
        ? Optional.of(new LayerPosition(matcher.group(1), index, count))
        : Optional.empty();
  }

  @Override
  public String inLayer(String name, int layer) {
    Matcher matcher = LAYER.matcher(name);
    return matcher.matches() ? matcher.group(1) + layer + name.substring(matcher.end(2)) : name;
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
