package io.hfmerge.recipe;

import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.recipe.ModelReference.Source;
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

/** Reads what stands at several places of a recipe: keys and values, references, parameters. */
final class RecipeNodes {

  private final RecipeProblems problems;
  private final RecipeScalars scalars;

  RecipeNodes(RecipeProblems problems, RecipeScalars scalars) {
    this.problems = problems;
    this.scalars = scalars;
  }

  /** The canonical form of a model reference, a text or a mapping; {@code null} after a fault. */
  @Nullable String reference(Node node) {
    ModelReference reference = node instanceof ScalarNode scalar ? parsed(scalar) : fromParts(node);
    return reference == null ? null : reference.toString();
  }

  private @Nullable ModelReference parsed(ScalarNode node) {
    if (RecipeScalars.isNull(node)) {
      problems.fault(node, "expected a path or a Hub id, found nothing");
      return null;
    }
    try {
      return ModelReference.parse(node.getValue());
    } catch (InvalidRecipeException e) {
      problems.fault(node, String.valueOf(e.getMessage()));
      return null;
    }
  }

  private @Nullable ModelReference fromParts(Node node) {
    Map<String, Node> keys =
        mapping(node, "a model reference", List.of("model", "lora", "override_architecture"));
    Node override = keys.get("override_architecture");
    if (override != null) {
      problems.unsupported(
          override,
          "override_architecture is not supported: layers and modules are found by the model_type"
              + " in the model's config.json, or by name where that is unknown; leave it out");
    }
    Node model = keys.get("model");
    if (model == null) {
      if (node instanceof MappingNode) {
        problems.fault(node, "missing model: {path, revision}");
      }
      return null;
    }
    if (model instanceof ScalarNode whole && !keys.containsKey("lora")) {
      return parsed(whole);
    }
    Source source = source(model);
    Node lora = keys.get("lora");
    Source adapter = lora == null ? null : source(lora);
    if (source == null || (lora != null && adapter == null)) {
      return null;
    }
    ModelReference reference = new ModelReference(source, adapter);
    ModelReference written = parsed(node, reference);
    if (written != null && !written.equals(reference)) {
      problems.fault(
          node, "\"" + reference + "\": a path with + or @ in it must exist on this machine");
      return null;
    }
    return written;
  }

  private @Nullable ModelReference parsed(Node node, ModelReference reference) {
    try {
      return ModelReference.parse(reference.toString());
    } catch (InvalidRecipeException e) {
      problems.fault(node, String.valueOf(e.getMessage()));
      return null;
    }
  }

  private @Nullable Source source(Node node) {
    if (node instanceof ScalarNode scalar) {
      ModelReference reference = parsed(scalar);
      if (reference != null && reference.adapter() != null) {
        problems.fault(node, "an adapter within a part of a reference: \"" + reference + '"');
        return null;
      }
      return reference == null ? null : reference.model();
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
    Node revision = keys.get("revision");
    String revisionText = revision == null ? null : scalars.text(revision, "revision");
    return text == null || (revision != null && revisionText == null)
        ? null
        : new Source(text, revisionText);
  }

  /**
   * The parameters under the key of that name.
   *
   * @param path of them, for messages
   */
  Map<String, ParameterValue> parameters(Map<String, Node> keys, String path) {
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

  /** The text under a key; {@code null} if there is none. */
  @Nullable String text(Map<String, Node> keys, String key) {
    Node node = keys.get(key);
    return node == null ? null : scalars.text(node, key);
  }

  /** The values of a mapping by key, those that are null left out. */
  Map<String, Node> mapping(Node node, String what, @Nullable List<String> known) {
    return mapping(node, what, known, List.of());
  }

  /**
   * The values of a mapping by key, those that are null left out.
   *
   * @param known allowed keys; {@code null} for any
   * @param misplaced keys that belong one level deeper, under parameters
   */
  Map<String, Node> mapping(
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
