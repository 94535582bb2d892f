package io.hfmerge.recipe;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;

/** Reads the keys of a recipe that concern its tokenizer. */
final class TokenizerParser {

  private static final String MODEL_TOKEN = "model_token";
  private static final String ZERO = "zero";

  private final RecipeProblems problems;
  private final RecipeScalars scalars;
  private final MappingReader mappings;
  private final Function<Node, @Nullable String> references;

  /**
   * @param references reads the reference of a model; {@code null} after a fault
   */
  TokenizerParser(
      RecipeProblems problems,
      RecipeScalars scalars,
      MappingReader mappings,
      Function<Node, @Nullable String> references) {
    this.problems = problems;
    this.scalars = scalars;
    this.mappings = mappings;
    this.references = references;
  }

  /**
   * The value of {@code tokenizer} or {@code tokenizer_source}.
   *
   * @param keys of the recipe
   * @return {@code null} if neither is given, or after a fault
   */
  @Nullable TokenizerSpec tokenizer(Map<String, Node> keys) {
    Node legacy = keys.get("tokenizer_source");
    Node block = keys.get("tokenizer");
    if (legacy != null && block != null) {
      problems.fault(block, "tokenizer beside tokenizer_source; a recipe has one of the two");
    }
    if (block != null) {
      return block(block);
    }
    VocabularySource source = legacy == null ? null : source(legacy);
    return source == null ? null : TokenizerSpec.of(source);
  }

  private @Nullable TokenizerSpec block(Node block) {
    Map<String, Node> parts =
        mappings.read(block, "a tokenizer", List.of("source", "tokens", "pad_to_multiple_of"));
    Node sourceNode = parts.get("source");
    VocabularySource source =
        sourceNode == null ? new VocabularySource.Union() : source(sourceNode);
    Map<String, TokenRule> tokens = new LinkedHashMap<>();
    Node tokensNode = parts.get("tokens");
    if (tokensNode != null) {
      mappings
          .read(tokensNode, "tokens", null)
          .forEach((token, node) -> {
            TokenRule rule = rule(token, node);
            if (rule != null) {
              tokens.put(token, rule);
            }
          });
    }
    Node multipleNode = parts.get("pad_to_multiple_of");
    Integer multiple = multipleNode == null ? null : multiple(multipleNode);
    return source == null ? null : new TokenizerSpec(source, tokens, multiple);
  }

  private @Nullable VocabularySource source(Node node) {
    String text = references.apply(node);
    if (text == null) {
      return null;
    }
    if (node instanceof ScalarNode) {
      if (text.equals("union")) {
        return new VocabularySource.Union();
      }
      if (text.equals("base")) {
        return new VocabularySource.Base();
      }
    } else if (text.equals("union") || text.equals("base")) {
      problems.fault(node, "a model called \"" + text + "\"; write its path as ./" + text);
      return null;
    }
    return new VocabularySource.Model(text);
  }

  private @Nullable TokenRule rule(String token, Node node) {
    if (token.isEmpty()) {
      problems.fault(node, "expected a token, found an empty text");
      return null;
    }
    Map<String, Node> keys = mappings.read(node, "a token", List.of("source", "force"));
    Node force = keys.get("force");
    boolean forced = force != null && flag(force, "force");
    Node source = keys.get("source");
    if (source == null) {
      if (node instanceof MappingNode) {
        problems.fault(node, "missing source: a model, {kind: zero} or {kind: model_token, ...}");
      }
      return null;
    }
    problems.locate(TokenizerChecker.place(token), source);
    TokenSource read = tokenSource(source);
    return read == null ? null : new TokenRule(read, forced);
  }

  private @Nullable TokenSource tokenSource(Node node) {
    if (!(node instanceof MappingNode mapping) || !hasKey(mapping, "kind")) {
      String reference = references.apply(node);
      return reference == null ? null : new TokenSource.SameToken(reference);
    }
    Map<String, Node> keys =
        mappings.read(node, "a token's source", List.of("kind", "model", "token", "token_id"));
    Node kindNode = keys.get("kind");
    String kind = kindNode == null ? null : scalars.text(kindNode, "kind");
    if (kindNode == null || kind == null) {
      if (kindNode == null) {
        problems.fault(node, "missing kind: zero or model_token");
      }
      return null;
    }
    if (kind.equals(ZERO)) {
      for (String other : List.of("model", "token", "token_id")) {
        if (keys.containsKey(other)) {
          problems.fault(keys.get(other), other + " beside kind: zero, which takes none");
        }
      }
      return new TokenSource.Zero();
    }
    if (!kind.equals(MODEL_TOKEN)) {
      problems.fault(
          kindNode,
          "expected zero or model_token, found \""
              + kind
              + '"'
              + Spelling.hint(kind, List.of(ZERO, MODEL_TOKEN)));
      return null;
    }
    return modelToken(node, keys);
  }

  private @Nullable TokenSource modelToken(Node node, Map<String, Node> keys) {
    Node model = keys.get("model");
    String reference = model == null ? null : references.apply(model);
    if (model == null) {
      problems.fault(node, "missing model: whose token it is");
    }
    Node token = keys.get("token");
    Node id = keys.get("token_id");
    if ((token == null) == (id == null)) {
      problems.fault(
          node,
          token == null
              ? "missing token or token_id"
              : "token beside token_id; a source has one of the two");
      return null;
    }
    if (token != null) {
      String text = scalars.text(token, "token");
      return text == null || reference == null ? null : new TokenSource.OtherToken(reference, text);
    }
    long row = scalars.wholeNumber(id, "token_id");
    if (row < 0 || row > Integer.MAX_VALUE) {
      problems.fault(id, "expected a token id from 0 on, found " + row);
      return null;
    }
    return reference == null ? null : new TokenSource.Row(reference, (int) row);
  }

  private @Nullable Integer multiple(Node node) {
    long multiple = scalars.wholeNumber(node, "pad_to_multiple_of");
    if (multiple < 1 || multiple > TokenizerSpec.MAX_MULTIPLE) {
      problems.fault(
          node,
          "expected a whole number from 1 to "
              + TokenizerSpec.MAX_MULTIPLE
              + " for pad_to_multiple_of, found "
              + RecipeScalars.describe(node));
      return null;
    }
    return (int) multiple;
  }

  private boolean flag(Node node, String what) {
    Boolean truth = RecipeScalars.truth(node);
    if (truth == null) {
      problems.fault(
          node, "expected true or false for " + what + ", found " + RecipeScalars.describe(node));
      return false;
    }
    return truth;
  }

  private static boolean hasKey(MappingNode mapping, String name) {
    return mapping.getValue().stream()
        .anyMatch(
            tuple -> tuple.getKeyNode() instanceof ScalarNode key && key.getValue().equals(name));
  }

  /** The value of {@code chat_template}; {@code null} if it is not given, or after a fault. */
  @Nullable ChatTemplateChoice chatTemplate(Map<String, Node> keys) {
    Node node = keys.get("chat_template");
    String text = node == null ? null : scalars.text(node, "chat_template");
    if (node == null || text == null) {
      return null;
    }
    if (!ChatTemplateChoice.isChoice(text)) {
      problems.fault(
          node,
          "expected auto, "
              + String.join(", ", ChatTemplateChoice.NAMES)
              + " or a Jinja template, found \""
              + text
              + '"'
              + Spelling.hint(text, ChatTemplateChoice.NAMES));
      return null;
    }
    return new ChatTemplateChoice(text);
  }
}
