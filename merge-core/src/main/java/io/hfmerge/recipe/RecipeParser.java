package io.hfmerge.recipe;

import io.hfmerge.method.Compatibility;
import io.hfmerge.method.MergeMethod;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.method.ParameterDescription;
import io.hfmerge.tensor.DType;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.Node;
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
          "on_mismatch",
          "tokenizer_source",
          "tokenizer",
          "chat_template",
          "compat",
          "seed",
          OutputsParser.NAME,
          OutputsParser.KEY);

  /** Of which a recipe has one. */
  private static final List<String> BODIES = List.of("models", "slices", "modules");

  private static final Set<DType> OUTPUT_DTYPES =
      Set.of(DType.BF16, DType.F16, DType.F32, DType.F64);

  private final MergeMethods methods;
  private final RecipeProblems problems;
  private final RecipeScalars scalars;
  private final RecipeNodes nodes;

  RecipeParser(MergeMethods methods, RecipeProblems problems) {
    this.methods = methods;
    this.problems = problems;
    this.scalars = new RecipeScalars(problems);
    this.nodes = new RecipeNodes(problems, scalars);
  }

  /** The recipe; {@code null} where nothing could be made of it. Faults were reported. */
  @Nullable Recipe tryParse(Node root) {
    problems.begin(root);
    Map<String, Node> keys = nodes.mapping(root, "a recipe", KEYS, parameterNames());
    keys.forEach(problems::locate);
    String method = nodes.text(keys, "merge_method");
    if (method == null && !keys.containsKey("merge_method")) {
      problems.fault(root, "missing merge_method: one of " + String.join(", ", methods.names()));
    }
    RecipeBuilder recipe = Recipe.builder(method == null ? "(unreadable merge_method)" : method);
    boolean withBody = addBody(recipe, root, keys);
    Node base = keys.get("base_model");
    recipe.base(base == null ? null : nodes.reference(base));
    nodes.parameters(keys, "parameters").forEach(recipe::parameter);
    recipe.dtype(dtype(keys, "dtype"));
    recipe.outDtype(dtype(keys, "out_dtype"));
    recipe.onMismatch(mismatchPolicy(keys));
    recipe.compatibility(compatibility(keys));
    Node seed = keys.get("seed");
    recipe.seed(seed == null ? 0 : scalars.wholeNumber(seed, "seed"));
    TokenizerParser tokenizers =
        new TokenizerParser(problems, scalars, nodes::mapping, nodes::reference);
    recipe.tokenizer(tokenizers.tokenizer(keys));
    recipe.chatTemplate(tokenizers.chatTemplate(keys));
    Recipe built = recipe.build();
    if (method != null) {
      new RecipeChecker(methods)
          .check(
              built,
              (path, message) -> {
                if (withBody || !path.equals("models")) {
                  problems.fault(path, message);
                }
              });
      return built;
    }
    return null;
  }

  /** What some method takes, and so belongs under parameters wherever it stands. */
  private List<String> parameterNames() {
    return methods.names().stream()
        .flatMap(name -> methods.find(name).map(MergeMethod::description).stream())
        .flatMap(description -> description.parameters().stream())
        .map(ParameterDescription::name)
        .distinct()
        .toList();
  }

  /** Reads models, slices or modules; whether there are any. */
  private boolean addBody(RecipeBuilder recipe, Node root, Map<String, Node> keys) {
    BodyParser body = new BodyParser(problems, scalars, nodes, parameterNames());
    List<String> found = BODIES.stream().filter(keys::containsKey).toList();
    if (found.isEmpty()) {
      problems.fault(root, "missing models: a list of {model, parameters}; or slices, or modules");
      return false;
    }
    for (String other : found.subList(1, found.size())) {
      problems.fault(
          Objects.requireNonNull(keys.get(other)),
          other + " beside " + found.getFirst() + "; a recipe has one of the two");
    }
    Node node = Objects.requireNonNull(keys.get(found.getFirst()));
    switch (found.getFirst()) {
      case "models" ->
          body.models(node, "models")
              .forEach(model -> recipe.model(model.reference(), model.parameters()));
      case "slices" -> body.slices(node, "slices").forEach(recipe::slice);
      default -> body.modules(node, "modules").forEach(recipe::module);
    }
    return node instanceof SequenceNode && found.getFirst().equals("models");
  }

  private MismatchPolicy mismatchPolicy(Map<String, Node> keys) {
    String text = nodes.text(keys, "on_mismatch");
    if (text == null) {
      return MismatchPolicy.REFUSE;
    }
    for (MismatchPolicy policy : MismatchPolicy.values()) {
      if (policy.word().equals(text)) {
        return policy;
      }
    }
    List<String> words = Arrays.stream(MismatchPolicy.values()).map(MismatchPolicy::word).toList();
    problems.fault(
        "on_mismatch",
        "expected "
            + String.join(", ", words)
            + "; found \""
            + text
            + '"'
            + Spelling.hint(text, words));
    return MismatchPolicy.REFUSE;
  }

  private @Nullable DType dtype(Map<String, Node> keys, String key) {
    Node node = keys.get(key);
    String name = nodes.text(keys, key);
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
    String text = nodes.text(keys, "compat");
    if (text == null) {
      return Compatibility.HFMERGE;
    }
    if (!text.equals("mergekit") && !text.equals("hfmerge")) {
      problems.fault("compat", "expected mergekit or hfmerge, found \"" + text + '"');
    }
    return text.equals("mergekit") ? Compatibility.MERGEKIT : Compatibility.HFMERGE;
  }
}
