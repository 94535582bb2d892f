package io.hfmerge.recipe;

import io.hfmerge.method.Compatibility;
import io.hfmerge.method.MergeMethod;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.tensor.DType;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/** From the node graph of one document to a {@link Recipe}; one instance per document. */
final class RecipeParser {

  private static final List<String> KEYS =
      List.of(
          "merge_method",
          "models",
          "slices",
          "modules",
          "base_model",
          "parameters",
          "dtype",
          "out_dtype",
          "tokenizer_source",
          "tokenizer",
          "chat_template",
          "compat",
          "seed");

  private static final Set<DType> OUTPUT_DTYPES =
      Set.of(DType.BF16, DType.F16, DType.F32, DType.F64);

  private final MergeMethods methods;
  private final RecipeProblems problems;
  private final RecipeScalars scalars;

  RecipeParser(MergeMethods methods, RecipeProblems problems) {
    this.methods = methods;
    this.problems = problems;
    this.scalars = new RecipeScalars(problems);
  }

  Recipe parse(Node root) {
    Map<String, Node> keys = mapping(root, "a recipe", KEYS);
    keys.forEach(problems::locate);
    String method = text(keys, "merge_method");
    if (method == null && !keys.containsKey("merge_method")) {
      problems.fault(root, "missing merge_method: one of " + String.join(", ", methods.names()));
    }
    Node baseNode = keys.get("base_model");
    String base = baseNode == null ? null : reference(baseNode);
    List<ModelEntry> models = models(root, keys, method);
    Map<String, ParameterValue> parameters = parameters(keys, "parameters");
    DType dtype = dtype(keys, "dtype");
    DType outDtype = dtype(keys, "out_dtype");
    Compatibility compatibility = compatibility(keys);
    Node seedNode = keys.get("seed");
    long seed = seedNode == null ? 0 : scalars.wholeNumber(seedNode, "seed");
    TokenizerParser tokenizers =
        new TokenizerParser(problems, scalars, this::mapping, this::reference);
    TokenizerSpec tokenizer = tokenizers.tokenizer(keys);
    ChatTemplateChoice chatTemplate = tokenizers.chatTemplate(keys);
    if (method != null) {
      Recipe recipe =
          new Recipe(
              method,
              models,
              base,
              parameters,
              dtype,
              outDtype,
              tokenizer,
              chatTemplate,
              compatibility,
              seed);
      boolean withoutModels = keys.containsKey("slices") || keys.containsKey("modules");
      new RecipeChecker(methods)
          .check(
              recipe,
              (path, message) -> {
                if (!(withoutModels && path.equals("models"))) {
                  problems.fault(path, message);
                }
              });
      problems.throwIfAny();
      return recipe;
    }
    problems.throwIfAny();
    throw new IllegalStateException("a recipe without a method passed its checks");
  }

  private List<ModelEntry> models(Node root, Map<String, Node> keys, @Nullable String method) {
    for (String other : List.of("slices", "modules")) {
      Node node = keys.get(other);
      if (node != null) {
        problems.unsupported(
            node, other + " are not supported yet: list whole models under models");
        if (keys.containsKey("models")) {
          problems.fault(node, other + " beside models; a recipe has one of the two");
        }
      }
    }
    Node list = keys.get("models");
    if (list == null) {
      if (!keys.containsKey("slices") && !keys.containsKey("modules")) {
        problems.fault(root, "missing models: a list of {model, parameters}");
      }
      return List.of();
    }
    List<ModelEntry> models = new ArrayList<>();
    if (!(list instanceof SequenceNode sequence)) {
      problems.fault(list, "expected a list of models, found " + RecipeScalars.describe(list));
      return models;
    }
    for (int i = 0; i < sequence.getValue().size(); i++) {
      model(sequence.getValue().get(i), "models[" + i + "]", method, models);
    }
    return models;
  }

  private void model(Node node, String path, @Nullable String method, List<ModelEntry> models) {
    problems.locate(path, node);
    List<String> misplaced =
        methods.find(method == null ? "" : method).map(MergeMethod::description).stream()
            .flatMap(description -> description.parameters().stream())
            .map(parameter -> parameter.name())
            .toList();
    Map<String, Node> keys = mapping(node, "a model", List.of("model", "parameters"), misplaced);
    Map<String, ParameterValue> parameters = parameters(keys, path + ".parameters");
    Node reference = keys.get("model");
    if (reference == null) {
      if (node instanceof MappingNode) {
        problems.fault(node, "missing model: a path or a Hub id");
      }
      return;
    }
    problems.locate(path + ".model", reference);
    String text = reference(reference);
    if (text != null) {
      models.add(new ModelEntry(text, parameters));
    } else {
      // keeps the indices of the entries that follow; a fault was reported
      models.add(new ModelEntry("(unreadable " + path + ")", parameters));
    }
  }

  private @Nullable String reference(Node node) {
    if (node instanceof ScalarNode scalar) {
      if (RecipeScalars.isNull(scalar)) {
        problems.fault(node, "expected a path or a Hub id, found nothing");
        return null;
      }
      if (scalar.getValue().isBlank()) {
        problems.fault(node, "expected a path or a Hub id, found an empty text");
        return null;
      }
      return scalar.getValue();
    }
    Map<String, Node> keys =
        mapping(node, "a model reference", List.of("model", "lora", "override_architecture"));
    Node override = keys.get("override_architecture");
    if (override != null) {
      problems.unsupported(override, "override_architecture is not supported yet");
    }
    Node model = keys.get("model");
    if (model == null) {
      if (node instanceof MappingNode) {
        problems.fault(node, "missing model: {path, revision}");
      }
      return null;
    }
    String path = pathAndRevision(model);
    Node lora = keys.get("lora");
    if (path != null && lora != null) {
      String adapter = pathAndRevision(lora);
      return adapter == null ? null : path + '+' + adapter;
    }
    return path;
  }

  private @Nullable String pathAndRevision(Node node) {
    if (node instanceof ScalarNode) {
      return reference(node);
    }
    Map<String, Node> keys = mapping(node, "a model path", List.of("path", "revision"));
    Node path = keys.get("path");
    if (path == null) {
      if (node instanceof MappingNode) {
        problems.fault(node, "missing path");
      }
      return null;
    }
    String text = scalars.text(path, "path");
    String revision = text(keys, "revision");
    return text == null || revision == null ? text : text + '@' + revision;
  }

  private Map<String, ParameterValue> parameters(Map<String, Node> keys, String path) {
    Map<String, ParameterValue> parameters = new LinkedHashMap<>();
    Node node = keys.get("parameters");
    if (node == null) {
      return parameters;
    }
    problems.locate(path, node);
    for (Map.Entry<String, Node> entry : mapping(node, "parameters", null).entrySet()) {
      problems.locate(path + '.' + entry.getKey(), entry.getValue());
      List<ParameterRule> rules = scalars.rules(entry.getValue(), this::rule);
      if (!rules.isEmpty()) {
        parameters.put(entry.getKey(), new ParameterValue(rules));
      }
    }
    return parameters;
  }

  /** {value, filter}. */
  private @Nullable ParameterRule rule(Node node) {
    Map<String, Node> keys = mapping(node, "a value with a filter", List.of("value", "filter"));
    String filter = ParameterRule.ANY;
    Node filterNode = keys.get("filter");
    if (filterNode != null) {
      String text = scalars.text(filterNode, "filter");
      if (text == null) {
        return null;
      }
      filter = text;
    }
    Node value = keys.get("value");
    if (value == null) {
      if (node instanceof MappingNode) {
        problems.fault(node, "missing value");
      }
      return null;
    }
    return scalars.gradient(value, filter);
  }

  private @Nullable String text(Map<String, Node> keys, String key) {
    Node node = keys.get(key);
    return node == null ? null : scalars.text(node, key);
  }

  private @Nullable DType dtype(Map<String, Node> keys, String key) {
    Node node = keys.get(key);
    String name = text(keys, key);
    if (node == null || name == null) {
      return null;
    }
    DType dtype = DType.ofTorchName(name).orElse(null);
    if (dtype == null || !OUTPUT_DTYPES.contains(dtype)) {
      List<String> names = OUTPUT_DTYPES.stream().map(DType::torchName).sorted().toList();
      problems.fault(
          node,
          "expected "
              + String.join(", ", names)
              + ", found \""
              + name
              + '"'
              + Spelling.hint(name, names));
      return null;
    }
    return dtype;
  }

  private Compatibility compatibility(Map<String, Node> keys) {
    String text = text(keys, "compat");
    if (text == null) {
      return Compatibility.HFMERGE;
    }
    if (!text.equals("mergekit") && !text.equals("hfmerge")) {
      problems.fault("compat", "expected mergekit or hfmerge, found \"" + text + '"');
    }
    return text.equals("mergekit") ? Compatibility.MERGEKIT : Compatibility.HFMERGE;
  }

  private Map<String, Node> mapping(Node node, String what, @Nullable List<String> known) {
    return mapping(node, what, known, List.of());
  }

  /**
   * The values of a mapping by key, those that are null left out.
   *
   * @param known allowed keys; {@code null} for any
   * @param misplaced keys that belong one level deeper, under parameters
   */
  private Map<String, Node> mapping(
      Node node, String what, @Nullable List<String> known, List<String> misplaced) {
    Map<String, Node> values = new LinkedHashMap<>();
    if (!(node instanceof MappingNode mapping)) {
      if (!(node instanceof ScalarNode scalar && known == null && RecipeScalars.isNull(scalar))) {
        problems.fault(
            node, "expected " + what + " (keys and values), found " + RecipeScalars.describe(node));
      }
      return values;
    }
    Set<String> seen =
        mapping.getValue().stream()
            .map(NodeTuple::getKeyNode)
            .filter(key -> key instanceof ScalarNode)
            .map(key -> ((ScalarNode) key).getValue())
            .collect(Collectors.toCollection(HashSet::new));
    for (NodeTuple tuple : mapping.getValue()) {
      if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
        problems.fault(tuple.getKeyNode(), "expected a key, found a collection");
      } else if (!seen.remove(key.getValue())) {
        problems.fault(key, "key \"" + key.getValue() + "\" is given twice");
      } else if (known != null && !known.contains(key.getValue())) {
        String hint =
            misplaced.contains(key.getValue())
                ? "; it belongs under parameters"
                : Spelling.hint(key.getValue(), known);
        problems.fault(
            key,
            "unknown key \""
                + key.getValue()
                + "\" in "
                + what
                + (hint.isEmpty() ? "; known are: " + String.join(", ", known) : hint));
      } else if (!(tuple.getValueNode() instanceof ScalarNode value
          && RecipeScalars.isNull(value))) {
        values.put(key.getValue(), tuple.getValueNode());
      }
    }
    return values;
  }
}
