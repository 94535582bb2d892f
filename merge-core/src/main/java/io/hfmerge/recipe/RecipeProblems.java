package io.hfmerge.recipe;

import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.error.UnsupportedFeatureException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.nodes.Node;

/** Collects what is wrong with a recipe, and where. */
final class RecipeProblems {

  /** So that a hopeless file does not scroll the first fault away. */
  private static final int MAX_SHOWN = 50;

  private record Problem(int line, int column, String text) {}

  private final String source;
  private final List<Problem> faults = new ArrayList<>();
  private final List<Problem> unsupported = new ArrayList<>();
  private final Map<String, Node> places = new HashMap<>();

  RecipeProblems(String source) {
    this.source = source;
  }

  static String place(String source, Optional<Mark> mark) {
    return mark.map(m -> source + ':' + (m.getLine() + 1) + ':' + (m.getColumn() + 1) + ": ")
        .orElse(source + ": ");
  }

  /** Forgets the places of another document; faults without a place of their own are here. */
  void begin(Node root) {
    places.clear();
    places.put("", root);
  }

  /** Remembers which node a path such as {@code models[0].parameters} means. */
  void locate(String path, Node node) {
    places.put(path, node);
  }

  void fault(Node node, String message) {
    faults.add(problem(node, message));
  }

  /** A fault at the node of a path, or at the nearest enclosing one that is known. */
  void fault(String path, String message) {
    String known = path;
    while (!known.isEmpty() && !places.containsKey(known)) {
      int dot = Math.max(known.lastIndexOf('.'), known.lastIndexOf('['));
      known = dot < 0 ? "" : known.substring(0, dot);
    }
    Node node = places.get(known);
    faults.add(
        node == null ? new Problem(0, 0, source + ":1:1: " + message) : problem(node, message));
  }

  void unsupported(Node node, String message) {
    unsupported.add(problem(node, message));
  }

  private Problem problem(Node node, String message) {
    Optional<Mark> mark = node.getStartMark();
    return new Problem(
        mark.map(Mark::getLine).orElse(0),
        mark.map(Mark::getColumn).orElse(0),
        place(source, mark) + message);
  }

  /** Throws if anything was collected; faults come before what is merely not supported. */
  void throwIfAny() {
    if (!faults.isEmpty()) {
      throw new InvalidRecipeException(text(faults));
    }
    if (!unsupported.isEmpty()) {
      throw new UnsupportedFeatureException(text(unsupported));
    }
  }

  private static String text(List<Problem> problems) {
    problems.sort(Comparator.comparingInt(Problem::line).thenComparingInt(Problem::column));
    List<String> lines =
        new ArrayList<>(problems.stream().map(Problem::text).distinct().limit(MAX_SHOWN).toList());
    if (problems.size() > lines.size() && lines.size() == MAX_SHOWN) {
      lines.add("and " + (problems.size() - MAX_SHOWN) + " more");
    }
    return String.join("\n", lines);
  }
}
