package io.hfmerge.recipe;

import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.method.MergeMethods;
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

/**
 * Reads recipes in mergekit's YAML dialect, strictly: an unknown key at any level, a wrong type, a
 * missing or unknown parameter is an error with its line and column, and all of them are said at
 * once. Nothing is skipped.
 *
 * <p>Beside mergekit's keys it knows {@code compat: mergekit} and {@code seed}.
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
    if (yaml.length() > MAX_CHARACTERS) {
      throw new InvalidRecipeException(
          source + ": " + yaml.length() + " characters; a recipe has at most " + MAX_CHARACTERS);
    }
    RecipeProblems problems = new RecipeProblems(source);
    Optional<Node> root = compose(yaml, source);
    if (root.isEmpty()) {
      throw new InvalidRecipeException(source + ":1:1: expected a recipe, found nothing");
    }
    return new RecipeParser(methods, problems).parse(root.get());
  }

  private static Optional<Node> compose(String yaml, String source) {
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
      return new Compose(settings).composeString(yaml);
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
