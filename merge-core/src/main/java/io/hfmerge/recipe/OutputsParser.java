package io.hfmerge.recipe;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * The {@code outputs} of a recipe: a list of {name, and what is different}. Each becomes the node
 * of a whole recipe, in which parameters are replaced key by key, also those of models by the
 * model's reference, and other values as a whole. Nodes keep their places for messages.
 */
final class OutputsParser {

  static final String KEY = "outputs";
  static final String NAME = "name";

  /** More than anybody sweeps; each is a copy of the recipe. */
  private static final int MAX_OUTPUTS = 256;

  /** {model: {path, revision}, lora: {path, revision}}; aliases can make a node its own part. */
  private static final int MAX_REFERENCE_DEPTH = 2;

  private static final String PARAMETERS = "parameters";
  private static final String MODELS = "models";
  private static final String MODEL = "model";

  /** What an output may change: not the models, which are read once for all outputs. */
  private static final List<String> KEYS =
      List.of(NAME, "merge_method", PARAMETERS, MODELS, "dtype", "out_dtype", "compat", "seed");

  /** The node of one output's recipe. */
  record Variant(String name, Node recipe) {}

  private final RecipeProblems problems;

  OutputsParser(RecipeProblems problems) {
    this.problems = problems;
  }

  /**
   * Reads the list.
   *
   * @param document the recipe that has it
   * @param outputs the list
   * @return those that could be read; faults were reported
   */
  List<Variant> variants(MappingNode document, Node outputs) {
    List<Variant> variants = new ArrayList<>();
    if (!(outputs instanceof SequenceNode list) || list.getValue().isEmpty()) {
      problems.fault(
          outputs,
          "expected a list of outputs ({name, parameters, ...}), found "
              + RecipeScalars.describe(outputs));
      return variants;
    }
    if (list.getValue().size() > MAX_OUTPUTS) {
      problems.fault(
          outputs, "expected at most " + MAX_OUTPUTS + " outputs, found " + list.getValue().size());
      return variants;
    }
    Set<String> names = new HashSet<>();
    for (Node node : list.getValue()) {
      if (!(node instanceof MappingNode output)) {
        problems.fault(
            node, "expected an output (keys and values), found " + RecipeScalars.describe(node));
        continue;
      }
      Map<String, NodeTuple> changes = changes(output);
      String name = name(output, changes.remove(NAME));
      if (name != null && !names.add(name.toLowerCase(Locale.ROOT))) {
        problems.fault(
            output,
            "two outputs are called \"" + name + "\"; folders may not differ in case alone");
      }
      if (name != null) {
        variants.add(new Variant(name, merge(document, output, changes)));
      }
    }
    return variants;
  }

  private Map<String, NodeTuple> changes(MappingNode output) {
    Map<String, NodeTuple> changes = new LinkedHashMap<>();
    for (NodeTuple tuple : output.getValue()) {
      if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
        problems.fault(tuple.getKeyNode(), "expected a key, found a collection");
      } else if (!KEYS.contains(key.getValue())) {
        String hint = Spelling.hint(key.getValue(), KEYS);
        problems.fault(
            key,
            "unknown key \""
                + key.getValue()
                + "\" in an output"
                + (hint.isEmpty() ? "; an output may change: " + String.join(", ", KEYS) : hint));
      } else if (changes.put(key.getValue(), tuple) != null) {
        problems.fault(key, "key \"" + key.getValue() + "\" is given twice");
      }
    }
    return changes;
  }

  private @Nullable String name(MappingNode output, @Nullable NodeTuple tuple) {
    if (tuple == null) {
      problems.fault(output, "missing name: the output's folder");
      return null;
    }
    return name(tuple.getValueNode());
  }

  /** A name as folders and references can have it, or {@code null} after a fault. */
  @Nullable String name(Node node) {
    if (node instanceof ScalarNode scalar
        && !RecipeScalars.isNull(scalar)
        && RecipeOutput.isName(scalar.getValue())) {
      return scalar.getValue();
    }
    problems.fault(
        node, "name: " + RecipeOutput.NAME_EXPECTED + "; found " + RecipeScalars.describe(node));
    return null;
  }

  private Node merge(MappingNode document, MappingNode output, Map<String, NodeTuple> changes) {
    Map<String, NodeTuple> rest = new LinkedHashMap<>(changes);
    List<NodeTuple> merged = new ArrayList<>();
    for (NodeTuple tuple : document.getValue()) {
      String key = tuple.getKeyNode() instanceof ScalarNode scalar ? scalar.getValue() : "";
      NodeTuple change = rest.remove(key);
      if (key.equals(NAME) || key.equals(KEY)) {
        continue;
      }
      if (change == null) {
        merged.add(tuple);
      } else {
        merged.add(new NodeTuple(change.getKeyNode(), merge(key, tuple, change)));
      }
    }
    NodeTuple models = rest.remove(MODELS);
    if (models != null) {
      problems.fault(
          models.getKeyNode(),
          "models of an output change parameters of the recipe's models; this recipe lists none");
    }
    merged.addAll(rest.values());
    return mapping(document, output, merged);
  }

  private Node merge(String key, NodeTuple tuple, NodeTuple change) {
    Node from = tuple.getValueNode();
    Node to = change.getValueNode();
    if (key.equals(PARAMETERS)) {
      return mergeParameters(from, to);
    }
    if (key.equals(MODELS)) {
      return mergeModels(from, to);
    }
    return to;
  }

  private static Node mergeParameters(Node from, Node to) {
    if (!(from instanceof MappingNode old) || !(to instanceof MappingNode changes)) {
      return to; // whatever it is, the recipe's parser says what is wrong with it
    }
    Set<String> changed =
        changes.getValue().stream().map(OutputsParser::key).collect(Collectors.toSet());
    List<NodeTuple> merged = new ArrayList<>();
    old.getValue().stream().filter(tuple -> !changed.contains(key(tuple))).forEach(merged::add);
    merged.addAll(changes.getValue());
    return mapping(old, changes, merged);
  }

  /** Of each model that is listed, the parameters; the others stay as they are. */
  private Node mergeModels(Node from, Node to) {
    if (!(from instanceof SequenceNode models)) {
      return from;
    }
    if (!(to instanceof SequenceNode list)) {
      problems.fault(
          to,
          "expected a list of models ({model, parameters}), found " + RecipeScalars.describe(to));
      return from;
    }
    List<Node> merged = new ArrayList<>(models.getValue());
    Map<String, Integer> places = new HashMap<>();
    for (int i = 0; i < merged.size(); i++) {
      int place = i;
      find(merged.get(i), MODEL)
          .ifPresent(tuple -> places.putIfAbsent(text(tuple.getValueNode()), place));
    }
    Set<String> seen = new HashSet<>();
    for (Node change : list.getValue()) {
      NodeTuple reference = find(change, MODEL).orElse(null);
      if (reference == null || !(change instanceof MappingNode changes)) {
        problems.fault(
            change, "expected {model, parameters}, found " + RecipeScalars.describe(change));
        continue;
      }
      checkModelKeys(changes);
      String text = text(reference.getValueNode());
      Integer place = places.get(text);
      if (place == null) {
        problems.fault(
            reference.getValueNode(),
            "the recipe's models have no \""
                + text
                + '"'
                + Spelling.hint(text, places.keySet())
                + " An output changes parameters of the models that are there");
      } else if (!seen.add(text)) {
        problems.fault(reference.getValueNode(), "\"" + text + "\" stands twice");
      } else if (merged.get(place) instanceof MappingNode old) {
        merged.set(place, mergeModel(old, changes));
      }
    }
    return new SequenceNode(
        models.getTag(), true, merged, models.getFlowStyle(), to.getStartMark(), to.getEndMark());
  }

  private void checkModelKeys(MappingNode model) {
    List<String> known = List.of(MODEL, PARAMETERS);
    for (NodeTuple tuple : model.getValue()) {
      if (!known.contains(key(tuple))) {
        problems.fault(
            tuple.getKeyNode(),
            "unknown key \""
                + key(tuple)
                + "\" in a model of an output; known are: "
                + String.join(", ", known));
      }
    }
  }

  private static Node mergeModel(MappingNode model, MappingNode changes) {
    Optional<NodeTuple> parameters = find(changes, PARAMETERS);
    if (parameters.isEmpty()) {
      return model;
    }
    Optional<NodeTuple> old = find(model, PARAMETERS);
    Node merged =
        old.map(tuple -> mergeParameters(tuple.getValueNode(), parameters.get().getValueNode()))
            .orElse(parameters.get().getValueNode());
    List<NodeTuple> tuples = new ArrayList<>(model.getValue());
    old.ifPresent(tuples::remove);
    tuples.add(new NodeTuple(parameters.get().getKeyNode(), merged));
    return mapping(model, changes, tuples);
  }

  static Optional<NodeTuple> find(Node node, String key) {
    return node instanceof MappingNode mapping
        ? mapping.getValue().stream().filter(tuple -> key(tuple).equals(key)).findFirst()
        : Optional.empty();
  }

  private static String key(NodeTuple tuple) {
    return tuple.getKeyNode() instanceof ScalarNode scalar ? scalar.getValue() : "";
  }

  /** A reference as text, to compare references by; it may be a mapping of path and revision. */
  private static String text(Node node) {
    return text(node, MAX_REFERENCE_DEPTH);
  }

  private static String text(Node node, int depth) {
    return switch (node) {
      case ScalarNode scalar -> scalar.getValue();
      case MappingNode mapping when depth > 0 ->
          mapping.getValue().stream()
              .map(tuple ->
                  text(tuple.getKeyNode(), depth - 1)
                      + ": "
                      + text(tuple.getValueNode(), depth - 1))
              .sorted()
              .collect(Collectors.joining(", ", "{", "}"));
      default -> "(no reference)";
    };
  }

  /** A mapping that stands where the output stands. */
  private static MappingNode mapping(MappingNode like, MappingNode place, List<NodeTuple> tuples) {
    return new MappingNode(
        like.getTag(), true, tuples, like.getFlowStyle(), place.getStartMark(), place.getEndMark());
  }
}
