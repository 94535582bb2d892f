package io.hfmerge.recipe;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * Reads what the output is made of: models, slices or modules. An entry that cannot be read is
 * reported and leaves a stand-in, which keeps the indices of those that follow.
 */
final class BodyParser {

  private static final LayerRange ANY_LAYER = new LayerRange(0, 1);

  private final RecipeProblems problems;
  private final RecipeScalars scalars;
  private final RecipeNodes nodes;

  /** Names of parameters, which do not belong beside a model but under its parameters. */
  private final List<String> parameterNames;

  BodyParser(
      RecipeProblems problems,
      RecipeScalars scalars,
      RecipeNodes nodes,
      List<String> parameterNames) {
    this.problems = problems;
    this.scalars = scalars;
    this.nodes = nodes;
    this.parameterNames = parameterNames;
  }

  /**
   * Reads a list of {model, parameters}.
   *
   * @param path of the list, for messages
   */
  List<ModelEntry> models(Node list, String path) {
    List<ModelEntry> models = new ArrayList<>();
    for (Node node : entries(list, path, "models")) {
      models.add(model(node, path + '[' + models.size() + ']'));
    }
    return models;
  }

  private ModelEntry model(Node node, String path) {
    problems.locate(path, node);
    Map<String, Node> keys =
        nodes.mapping(node, "a model", List.of("model", "parameters"), parameterNames);
    return new ModelEntry(model(node, keys, path), nodes.parameters(keys, path + ".parameters"));
  }

  /** The reference under {@code model}. */
  private String model(Node node, Map<String, Node> keys, String path) {
    Node model = keys.get("model");
    if (model == null && node instanceof MappingNode) {
      problems.fault(node, "missing model: a path or a Hub id");
    }
    String text = null;
    if (model != null) {
      problems.locate(path + ".model", model);
      text = nodes.reference(model);
    }
    return text == null ? "(unreadable " + path + ")" : text;
  }

  /**
   * Reads a list of slices.
   *
   * @param path of the list, for messages
   */
  List<Slice> slices(Node list, String path) {
    List<Slice> slices = new ArrayList<>();
    for (Node node : entries(list, path, "slices")) {
      slices.add(slice(node, path + '[' + slices.size() + ']'));
    }
    if (slices.isEmpty() && list instanceof SequenceNode) {
      problems.fault(list, "expected slices, found an empty list");
    }
    return slices;
  }

  private Slice slice(Node node, String path) {
    problems.locate(path, node);
    Map<String, Node> keys =
        nodes.mapping(
            node,
            "a slice",
            List.of("sources", "base_model", "parameters", "residual_weight"),
            parameterNames);
    Node list = keys.get("sources");
    List<SliceSource> sources = new ArrayList<>();
    if (list == null) {
      if (node instanceof MappingNode) {
        problems.fault(node, "missing sources: a list of {model, layer_range, parameters}");
      }
    } else {
      for (Node source : entries(list, path + ".sources", "sources")) {
        sources.add(source(source, path + ".sources[" + sources.size() + ']', sources));
      }
      if (sources.isEmpty() && list instanceof SequenceNode) {
        problems.fault(list, "expected sources, found an empty list");
      }
    }
    if (sources.isEmpty()) {
      sources.add(new SliceSource("(unreadable " + path + ")", ANY_LAYER, Map.of()));
    }
    Node base = keys.get("base_model");
    if (base != null) {
      problems.locate(path + ".base_model", base);
    }
    Node residual = keys.get("residual_weight");
    return new Slice(
        sources,
        base == null ? null : nodes.reference(base),
        nodes.parameters(keys, path + ".parameters"),
        residual == null ? null : scalars.number(residual));
  }

  private SliceSource source(Node node, String path, List<SliceSource> earlier) {
    problems.locate(path, node);
    Map<String, Node> keys =
        nodes.mapping(
            node, "a source", List.of("model", "layer_range", "parameters"), parameterNames);
    String model = model(node, keys, path);
    Node range = keys.get("layer_range");
    LayerRange layers = range == null ? null : layers(range);
    if (range == null && node instanceof MappingNode) {
      problems.fault(node, "missing layer_range: [first layer, layer after the last]");
    }
    LayerRange others = earlier.isEmpty() ? null : earlier.getFirst().layers();
    if (range != null && layers != null && others != null && layers.length() != others.length()) {
      problems.fault(
          range,
          "expected "
              + others.length()
              + " layers, as many as the slice's first source has in "
              + others
              + ", found "
              + layers.length());
      layers = others;
    }
    if (layers == null) {
      layers = others == null ? ANY_LAYER : others;
    }
    return new SliceSource(model, layers, nodes.parameters(keys, path + ".parameters"));
  }

  private @Nullable LayerRange layers(Node node) {
    if (!(node instanceof SequenceNode list)
        || list.getValue().size() != 2
        || !list.getValue().stream().allMatch(RecipeScalars::isWholeNumber)) {
      problems.fault(
          node,
          "expected a layer_range of two whole numbers, [first layer, layer after the last], found "
              + RecipeScalars.describe(node));
      return null;
    }
    long start = scalars.wholeNumber(list.getValue().get(0), "the first layer");
    long end = scalars.wholeNumber(list.getValue().get(1), "the layer after the last");
    if (start < 0 || end <= start || end > Integer.MAX_VALUE) {
      problems.fault(
          node,
          "expected a layer_range that begins at 0 or later and holds at least one layer, found ["
              + start
              + ", "
              + end
              + "]");
      return null;
    }
    return new LayerRange((int) start, (int) end);
  }

  /** Reads the modules by name. */
  Map<String, RecipeModule> modules(Node node, String path) {
    Map<String, RecipeModule> modules = new LinkedHashMap<>();
    nodes
        .mapping(node, "modules", null)
        .forEach((name, module) -> modules.put(name, module(module, path + '.' + name)));
    if (modules.isEmpty() && node instanceof MappingNode) {
      problems.fault(node, "expected modules by name, found none");
    }
    return modules;
  }

  private RecipeModule module(Node node, String path) {
    problems.locate(path, node);
    Map<String, Node> keys =
        nodes.mapping(node, "a module", List.of("models", "slices", "parameters"), parameterNames);
    Node models = keys.get("models");
    Node slices = keys.get("slices");
    if (models != null && slices != null) {
      problems.fault(slices, "slices beside models; a module has one of the two");
      slices = null;
    } else if (models == null && slices == null && node instanceof MappingNode) {
      problems.fault(node, "missing models or slices");
    }
    return new RecipeModule(
        models == null ? List.of() : models(models, path + ".models"),
        slices == null ? List.of() : slices(slices, path + ".slices"),
        nodes.parameters(keys, path + ".parameters"));
  }

  private List<Node> entries(Node list, String path, String what) {
    problems.locate(path, list);
    if (list instanceof SequenceNode sequence) {
      return sequence.getValue();
    }
    problems.fault(list, "expected a list of " + what + ", found " + RecipeScalars.describe(list));
    return List.of();
  }
}
