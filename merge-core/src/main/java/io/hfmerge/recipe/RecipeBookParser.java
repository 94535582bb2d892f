package io.hfmerge.recipe;

import io.hfmerge.method.MergeMethods;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;

/**
 * From the node graphs of a file's documents to a {@link RecipeBook}. Documents may come in any
 * order; the one without a name, or else the last one, is what is written. One instance per file.
 */
final class RecipeBookParser {

  /** More than anybody chains, and few enough to follow by hand. */
  private static final int MAX_DOCUMENTS = 256;

  /** A document of the file. */
  private static final class Document {

    final Node node;
    final @Nullable String name;
    final @Nullable NodeTuple outputs;
    final List<RecipeOutput> recipes = new ArrayList<>();

    Document(Node node, @Nullable String name, @Nullable NodeTuple outputs) {
      this.node = node;
      this.name = name;
      this.outputs = outputs;
    }

    Set<String> references() {
      Set<String> references = new LinkedHashSet<>();
      recipes.forEach(output -> references.addAll(output.recipe().allReferences()));
      return references;
    }
  }

  private final MergeMethods methods;
  private final RecipeProblems problems;
  private final OutputsParser outputsParser;
  private final Map<String, Document> named = new LinkedHashMap<>();

  RecipeBookParser(MergeMethods methods, RecipeProblems problems) {
    this.methods = methods;
    this.problems = problems;
    this.outputsParser = new OutputsParser(problems);
  }

  RecipeBook parse(List<Node> nodes) {
    if (nodes.size() > MAX_DOCUMENTS) {
      problems.fault(
          nodes.get(MAX_DOCUMENTS),
          "expected at most " + MAX_DOCUMENTS + " recipes in a file, found " + nodes.size());
      problems.throwIfAny();
    }
    List<Document> documents = new ArrayList<>();
    for (Node node : nodes) {
      documents.add(document(node));
    }
    Document written = written(documents);
    for (Document document : documents) {
      read(document, document == written);
    }
    Map<String, Recipe> order = order(documents, written);
    problems.throwIfAny();
    List<String> notes = new ArrayList<>();
    for (Document document : documents) {
      if (document != written && !order.containsKey(document.name)) {
        notes.add("recipe \"" + document.name + "\" is used by no other; it was not computed");
      }
    }
    return new RecipeBook(order, written.recipes, notes);
  }

  private Document document(Node node) {
    Optional<NodeTuple> nameTuple = OutputsParser.find(node, OutputsParser.NAME);
    String name = nameTuple.map(tuple -> outputsParser.name(tuple.getValueNode())).orElse(null);
    Document document =
        new Document(node, name, OutputsParser.find(node, OutputsParser.KEY).orElse(null));
    if (name != null && named.putIfAbsent(name, document) != null) {
      problems.fault(nameTuple.get().getValueNode(), "two recipes are called \"" + name + '"');
    }
    return document;
  }

  private Document written(List<Document> documents) {
    Document written = null;
    for (Document document : documents) {
      if (OutputsParser.find(document.node, OutputsParser.NAME).isEmpty()) {
        if (written != null) {
          problems.fault(
              document.node,
              "expected one recipe without a name, the one that is written, found another one");
        }
        written = document;
      }
    }
    return written != null ? written : documents.getLast();
  }

  /** Reads a document into one recipe, or one for each of its outputs. */
  private void read(Document document, boolean written) {
    NodeTuple outputs = document.outputs;
    if (outputs == null || !(document.node instanceof MappingNode mapping)) {
      parse(document, null, document.node);
      return;
    }
    if (!written) {
      problems.fault(
          outputs.getKeyNode(),
          "outputs belong to the recipe that is written, found them in an intermediate one");
    }
    for (OutputsParser.Variant variant : outputsParser.variants(mapping, outputs.getValueNode())) {
      parse(document, variant.name(), variant.recipe());
    }
  }

  private void parse(Document document, @Nullable String output, Node node) {
    Recipe recipe = new RecipeParser(methods, problems).tryParse(node);
    if (recipe == null) {
      return;
    }
    document.recipes.add(new RecipeOutput(output, recipe));
    for (String reference : recipe.allReferences()) {
      for (String name : named.keySet()) {
        if (reference.startsWith(name + '@') || reference.startsWith(name + '+')) {
          problems.fault(
              place(recipe, reference),
              "\""
                  + reference
                  + "\": the result of recipe \""
                  + name
                  + "\" has no revisions and takes no adapter");
        }
      }
    }
  }

  private static String place(Recipe recipe, String reference) {
    for (int i = 0; i < recipe.models().size(); i++) {
      if (recipe.models().get(i).reference().equals(reference)) {
        return "models[" + i + "].model";
      }
    }
    return reference.equals(recipe.baseModel()) ? "base_model" : "tokenizer";
  }

  /** The recipes that the written one needs, each after those that it needs itself. */
  private Map<String, Recipe> order(List<Document> documents, Document written) {
    Map<String, Recipe> needed = new LinkedHashMap<>();
    Set<Document> visited = new HashSet<>();
    visit(written, new ArrayDeque<>(), visited, needed);
    // the others only for circles among them
    for (Document document : documents) {
      visit(document, new ArrayDeque<>(), visited, new LinkedHashMap<>());
    }
    if (written.name != null) {
      needed.remove(written.name);
    }
    return needed;
  }

  private void visit(
      Document document, Deque<Document> path, Set<Document> visited, Map<String, Recipe> order) {
    if (path.contains(document)) {
      circle(document, path);
      return;
    }
    if (!visited.add(document)) {
      return;
    }
    path.addLast(document);
    for (String reference : document.references()) {
      Document other = named.get(reference);
      if (other != null) {
        visit(other, path, visited, order);
      }
    }
    path.removeLast();
    if (document.name != null && !document.recipes.isEmpty()) {
      order.put(document.name, document.recipes.getFirst().recipe());
    }
  }

  private void circle(Document first, Deque<Document> path) {
    List<String> names = new ArrayList<>();
    for (Document document : path) {
      if (document == first || !names.isEmpty()) {
        names.add(String.valueOf(document.name));
      }
    }
    names.add(String.valueOf(first.name));
    Node place =
        OutputsParser.find(first.node, OutputsParser.NAME)
            .map(NodeTuple::getValueNode)
            .orElse(first.node);
    problems.fault(place, "recipes refer to each other in a circle: " + String.join(" -> ", names));
  }
}
