package io.hfmerge.recipe;

import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.method.MergeMethods;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.events.CollectionEndEvent;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;

/**
 * Reads recipes in mergekit's YAML dialect, strictly: an unknown key at any level, a wrong type, a
 * missing or unknown parameter is an error with its line and column, and all of them are said at
 * once. Nothing is skipped.
 *
 * <p>Beside mergekit's keys it knows {@code compat: mergekit}, {@code seed} and {@code outputs}.
 */
public final class RecipeReader {

  /** Larger than any recipe by four orders of magnitude. */
  static final int MAX_CHARACTERS = 10 << 20;

  /** The dialect itself nests seven deep; the parser of untrusted text recurses by nesting. */
  static final int MAX_DEPTH = 64;

  /** Anchors save typing in recipes; more references to one are an attack on memory. */
  static final int MAX_ALIASES = 50;

  private final MergeMethods methods;

  /** A reader that knows these methods. */
  public RecipeReader(MergeMethods methods) {
    this.methods = methods;
  }

  /**
   * Reads one recipe.
   *
   * @param yaml text of the recipe
   * @param source what to call it in messages, such as its path
   * @throws InvalidRecipeException with a line {@code source:line:column: ...} for each fault
   * @throws io.hfmerge.error.UnsupportedFeatureException if it is valid and asks for something that
   *     this version does not do
   */
  public Recipe read(String yaml, String source) {
    RecipeBook book = readBook(yaml, source);
    if (!book.intermediates().isEmpty() || book.hasNamedOutputs() || !book.notes().isEmpty()) {
      throw new InvalidRecipeException(
          source + ": expected one recipe with one output, found several");
    }
    return book.outputs().getFirst().recipe();
  }

  /**
   * Reads all recipes of a file: documents that {@code ---} separates, of which one may use the
   * result of another by its {@code name} as a model, and the {@code outputs} of the one that is
   * written.
   *
   * @param yaml text of the file
   * @param source what to call it in messages, such as its path
   * @throws InvalidRecipeException with a line {@code source:line:column: ...} for each fault
   * @throws io.hfmerge.error.UnsupportedFeatureException if it is valid and asks for something that
   *     this version does not do
   */
  public RecipeBook readBook(String yaml, String source) {
    if (yaml.length() > MAX_CHARACTERS) {
      throw new InvalidRecipeException(
          source + ": " + yaml.length() + " characters; a recipe has at most " + MAX_CHARACTERS);
    }
    RecipeProblems problems = new RecipeProblems(source);
    List<Node> documents = compose(yaml, source);
    if (documents.isEmpty()) {
      throw new InvalidRecipeException(source + ":1:1: expected a recipe, found nothing");
    }
    return new RecipeBookParser(methods, problems).parse(documents);
  }

  private static List<Node> compose(String yaml, String source) {
    LoadSettings settings =
        LoadSettings.builder()
            .setLabel(source)
            .setCodePointLimit(MAX_CHARACTERS)
            .setMaxAliasesForCollections(MAX_ALIASES)
            // both are reported by the parser, all of them and with a place
            .setAllowDuplicateKeys(true)
            .setAllowNonScalarKeys(true)
            .build();
    try {
      checkDepth(yaml, source, settings);
      List<Node> documents = new ArrayList<>();
      for (Node document : new Compose(settings).composeAllFromString(yaml)) {
        if (!(document instanceof ScalarNode scalar && RecipeScalars.isNull(scalar))) {
          documents.add(document); // an empty one is a separator too many
        }
      }
      return documents;
    } catch (MarkedYamlEngineException e) {
      Optional<Mark> mark = e.getProblemMark();
      throw new InvalidRecipeException(
          RecipeProblems.place(source, mark) + "not valid YAML: " + e.getProblem(), e);
    } catch (YamlEngineException e) {
      throw new InvalidRecipeException(source + ": not valid YAML: " + e.getMessage(), e);
    }
  }

  private static void checkDepth(String yaml, String source, LoadSettings settings) {
    int depth = 0;
    for (Event event : new Parse(settings).parseString(yaml)) {
      if (event instanceof CollectionStartEvent) {
        depth++;
        if (depth > MAX_DEPTH) {
          throw new InvalidRecipeException(
              RecipeProblems.place(source, event.getStartMark())
                  + "nested more than "
                  + MAX_DEPTH
                  + " deep");
        }
      } else if (event instanceof CollectionEndEvent) {
        depth--;
      }
    }
  }
}
