package io.hfmerge.hf.djl.eval;

import io.hfmerge.hf.djl.block.InvalidInputException;
import io.hfmerge.hf.djl.eval.ParameterSearch.Range;
import io.hfmerge.recipe.ModelEntry;
import io.hfmerge.recipe.ParameterValue;
import io.hfmerge.recipe.Recipe;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A number of a recipe that a search may change: {@code lambda}, or of one model {@code
 * models[0].weight}.
 *
 * @param text as the user wrote its name
 * @param model index of the model; −1 for the recipe's own parameters
 * @param key name of the parameter
 * @param range where it may be
 */
public record RecipeParameter(String text, int model, String key, Range range) {

  private static final Pattern FORM =
      Pattern.compile("((?:models\\[(\\d{1,4})\\]\\.)?([A-Za-z_]+))=([^:]+):([^:]+)");

  /**
   * Reads {@code NAME=LOW:HIGH}.
   *
   * @throws InvalidInputException if it is not of this form
   */
  public static RecipeParameter parse(String text) {
    Matcher matcher = FORM.matcher(text);
    if (matcher.matches()) {
      try {
        int model = matcher.group(2) == null ? -1 : Integer.parseInt(matcher.group(2));
        Range range =
            new Range(Double.parseDouble(matcher.group(4)), Double.parseDouble(matcher.group(5)));
        return new RecipeParameter(matcher.group(1), model, matcher.group(3), range);
      } catch (IllegalArgumentException e) {
        throw new InvalidInputException("\"%s\": %s".formatted(text, e.getMessage()));
      }
    }
    throw new InvalidInputException(
        "\"%s\": expected NAME=LOW:HIGH, such as lambda=0.1:1.2 or models[0].weight=0:1"
            .formatted(text));
  }

  /**
   * The recipe with this value.
   *
   * @throws InvalidInputException if the recipe has no such model
   */
  public Recipe set(Recipe recipe, double value) {
    if (model >= recipe.models().size()) {
      throw new InvalidInputException(
          "%s: expected one of the recipe's %d models".formatted(text, recipe.models().size()));
    }
    List<ModelEntry> models = new ArrayList<>(recipe.models());
    Map<String, ParameterValue> parameters = new LinkedHashMap<>(recipe.parameters());
    if (model < 0) {
      parameters.put(key, ParameterValue.of(value));
    } else {
      ModelEntry entry = models.get(model);
      Map<String, ParameterValue> own = new LinkedHashMap<>(entry.parameters());
      own.put(key, ParameterValue.of(value));
      models.set(model, new ModelEntry(entry.reference(), own));
    }
    return new Recipe(
        recipe.mergeMethod(),
        models,
        recipe.slices(),
        recipe.modules(),
        recipe.baseModel(),
        parameters,
        recipe.dtype(),
        recipe.outDtype(),
        recipe.tokenizer(),
        recipe.chatTemplate(),
        recipe.onMismatch(),
        recipe.compatibility(),
        recipe.seed());
  }
}
