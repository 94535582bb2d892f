package io.hfmerge.recipe;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * Reads numbers, truth values and texts, in the spelling of YAML 1.1 (Python's) and 1.2 alike: what
 * is quoted is text, {@code 1.0e-06} and {@code 1e-6} are numbers, {@code yes} is true.
 */
final class RecipeScalars {

  private static final Pattern NUMBER =
      Pattern.compile("[-+]?(\\d+(\\.\\d*)?|\\.\\d+)([eE][-+]?\\d+)?");
  private static final Pattern WHOLE = Pattern.compile("[-+]?\\d{1,18}");
  private static final Pattern WORD = Pattern.compile("[A-Za-z][A-Za-z0-9_]*");
  private static final Pattern NOT_FINITE = Pattern.compile("[-+]?\\.(inf|Inf|INF|nan|NaN|NAN)");
  private static final Set<String> TRUE = Set.of("true", "yes", "on");
  private static final Set<String> FALSE = Set.of("false", "no", "off");
  private static final Set<String> NULL = Set.of("", "~", "null", "Null", "NULL");

  private final RecipeProblems problems;

  RecipeScalars(RecipeProblems problems) {
    this.problems = problems;
  }

  static boolean isNull(ScalarNode node) {
    return node.isPlain() && NULL.contains(node.getValue());
  }

  /** What a node is, for messages. */
  static String describe(Node node) {
    return switch (node) {
      case SequenceNode sequence -> "a list of " + sequence.getValue().size();
      case MappingNode mapping -> "keys and values";
      case ScalarNode scalar when isNull(scalar) -> "nothing";
      case ScalarNode scalar when isNumber(scalar) -> "the number " + abbreviate(scalar);
      default -> "the text \"" + abbreviate((ScalarNode) node) + '"';
    };
  }

  private static String abbreviate(ScalarNode scalar) {
    String value = scalar.getValue();
    return value.length() <= 60 ? value : value.substring(0, 60) + "...";
  }

  private static boolean isNumber(ScalarNode node) {
    return node.isPlain() && NUMBER.matcher(node.getValue()).matches();
  }

  @Nullable String text(Node node, String what) {
    if (node instanceof ScalarNode scalar && !scalar.getValue().isBlank()) {
      return scalar.getValue();
    }
    problems.fault(node, "expected a text for " + what + ", found " + describe(node));
    return null;
  }

  static boolean isWholeNumber(Node node) {
    return node instanceof ScalarNode scalar
        && scalar.isPlain()
        && WHOLE.matcher(scalar.getValue()).matches();
  }

  long wholeNumber(Node node, String what) {
    if (isWholeNumber(node)) {
      return Long.parseLong(((ScalarNode) node).getValue());
    }
    problems.fault(
        node,
        "expected a whole number of up to 18 digits for " + what + ", found " + describe(node));
    return 0;
  }

  /**
   * A parameter: number or truth value, gradient, {value, filter}, or a list of the last kind.
   *
   * @param filtered reads one {value, filter}
   * @return empty if it is none of them, which is then reported
   */
  List<ParameterRule> rules(Node node, Function<Node, @Nullable ParameterRule> filtered) {
    List<ParameterRule> rules = new ArrayList<>();
    if (node instanceof MappingNode) {
      addIfRead(rules, filtered.apply(node));
    } else if (node instanceof SequenceNode list
        && !list.getValue().isEmpty()
        && list.getValue().getFirst() instanceof MappingNode) {
      list.getValue().forEach(child -> addIfRead(rules, filtered.apply(child)));
    } else {
      addIfRead(rules, gradient(node, ParameterRule.ANY));
    }
    return rules;
  }

  private static void addIfRead(List<ParameterRule> rules, @Nullable ParameterRule rule) {
    if (rule != null) {
      rules.add(rule);
    }
  }

  /**
   * A word, a number or truth value, or a list of the last two, in which beside numbers true is 1
   * and false is 0; {@code null} after a fault.
   */
  @Nullable ParameterRule gradient(Node node, String filter) {
    if (node instanceof ScalarNode scalar
        && WORD.matcher(scalar.getValue()).matches()
        && truth(scalar) == null
        && !isNull(scalar)) {
      return ParameterRule.ofWord(filter, scalar.getValue());
    }
    List<Node> children = node instanceof SequenceNode list ? list.getValue() : List.of(node);
    if (children.isEmpty()) {
      problems.fault(node, "expected a number or a list of them, found an empty list");
      return null;
    }
    List<Double> knots = new ArrayList<>(children.size());
    int truths = 0;
    for (Node child : children) {
      Boolean truth = truth(child);
      Double number = truth == null ? number(child) : Double.valueOf(truth ? 1 : 0);
      if (number == null) {
        return null;
      }
      truths += truth == null ? 0 : 1;
      knots.add(number);
    }
    return new ParameterRule(filter, knots, truths == knots.size());
  }

  /** A truth value; {@code null} if it is none. */
  static @Nullable Boolean truth(Node node) {
    if (node instanceof ScalarNode scalar && scalar.isPlain()) {
      String word = scalar.getValue().toLowerCase(Locale.ROOT);
      return TRUE.contains(word) ? Boolean.TRUE : FALSE.contains(word) ? Boolean.FALSE : null;
    }
    return null;
  }

  /** A finite number; {@code null} after a fault. */
  @Nullable Double number(Node node) {
    if (node instanceof ScalarNode scalar && scalar.isPlain()) {
      String text = scalar.getValue();
      if (NUMBER.matcher(text).matches()) {
        double value = Double.parseDouble(text);
        if (Double.isFinite(value)) {
          return value;
        }
        problems.fault(node, "the number " + abbreviate(scalar) + " is too large");
        return null;
      }
      if (NOT_FINITE.matcher(text).matches()) {
        problems.fault(node, "expected a finite number, found " + text);
        return null;
      }
    }
    String quoted = node instanceof ScalarNode scalar && !scalar.isPlain() ? " in quotes" : "";
    problems.fault(node, "expected a number, found " + describe(node) + quoted);
    return null;
  }
}
