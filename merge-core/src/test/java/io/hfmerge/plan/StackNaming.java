package io.hfmerge.plan;

import io.hfmerge.tensor.TensorSpec;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Names {@code [model.]embed}, {@code [model.]layers.N.REST}, {@code norm}, {@code head}; or, with
 * modules, the same after {@code encoder.} and {@code decoder.}, and {@code shared}.
 *
 * @param layers number of layers of every stack
 * @param withModules whether there are modules
 */
record StackNaming(int layers, boolean withModules) implements TensorNaming {

  private static final Pattern LAYER = Pattern.compile("(.*layers\\.)(\\d+)(\\..*)");

  StackNaming(int layers) {
    this(layers, false);
  }

  @Override
  public String canonical(String name) {
    return name.startsWith("model.") ? name.substring("model.".length()) : name;
  }

  @Override
  public Optional<String> tiedWith(String canonicalName) {
    return Optional.empty();
  }

  @Override
  public boolean isBuffer(TensorSpec tensor) {
    return tensor.name().endsWith("mask");
  }

  @Override
  public Optional<LayerPosition> layer(String canonicalName) {
    Matcher matcher = LAYER.matcher(canonicalName);
    return matcher.matches() && Integer.parseInt(matcher.group(2)) < layers
        ? Optional.of(
            new LayerPosition(matcher.group(1), Integer.parseInt(matcher.group(2)), layers))
        : Optional.empty();
  }

  @Override
  public String inLayer(String name, int layer) {
    Matcher matcher = LAYER.matcher(name);
    return matcher.matches() ? matcher.group(1) + layer + matcher.group(3) : name;
  }

  @Override
  public boolean precedesLayers(String canonicalName) {
    return canonicalName.endsWith("embed");
  }

  @Override
  public boolean isVocabulary(String canonicalName) {
    return canonicalName.endsWith("embed") || canonicalName.equals("head");
  }

  @Override
  public List<String> modules() {
    return withModules ? List.of("encoder", "decoder", "shared") : List.of(WHOLE);
  }

  @Override
  public String module(String canonicalName) {
    int dot = canonicalName.indexOf('.');
    return withModules ? canonicalName.substring(0, dot < 0 ? canonicalName.length() : dot) : WHOLE;
  }
}
