package io.hfmerge.recipe;

import io.hfmerge.method.Compatibility;
import io.hfmerge.tensor.DType;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What to merge, how, and into what. Well-formed by construction; whether the method exists and
 * takes these parameters is {@link RecipeChecker}'s to say.
 *
 * @param mergeMethod name of a merge method
 * @param models in the order of summation; the base may be among them
 * @param baseModel reference of the base model, if any
 * @param parameters of the method, for all models
 * @param dtype output dtype where {@code outDtype} gives none; never lowers the arithmetic
 * @param outDtype output dtype of merged tensors; with neither, each keeps its own
 * @param tokenizer the output's vocabulary; without, the base's files are copied and the models'
 *     vocabularies must be of one size
 * @param chatTemplate the output's chat template; without, the tokenizer's own
 * @param compatibility whose numbers are wanted where hfmerge and mergekit differ
 * @param seed for methods that draw at random
 */
public record Recipe(
    String mergeMethod,
    List<ModelEntry> models,
    @Nullable String baseModel,
    Map<String, ParameterValue> parameters,
    @Nullable DType dtype,
    @Nullable DType outDtype,
    @Nullable TokenizerSpec tokenizer,
    @Nullable ChatTemplateChoice chatTemplate,
    Compatibility compatibility,
    long seed) {

  public Recipe {
    models = List.copyOf(models);
    parameters = OrderedMaps.copyOf(parameters);
    if (mergeMethod.isBlank()) {
      throw new IllegalArgumentException("a recipe without a merge method");
    }
    requireFloat(dtype);
    requireFloat(outDtype);
  }

  private static void requireFloat(@Nullable DType dtype) {
    if (dtype != null && !dtype.isFloat()) {
      throw new IllegalArgumentException("models cannot be merged into " + dtype);
    }
  }

  /** A builder for recipes made in Java. */
  public static RecipeBuilder builder(String mergeMethod) {
    return new RecipeBuilder(mergeMethod);
  }

  /**
   * A sum by task vectors: {@code base + sum_i w_i (model_i - base)}.
   *
   * @param base reference of the base model
   * @param weights weight by reference, in the order of summation
   */
  public static RecipeBuilder sum(String base, Map<String, Double> weights) {
    RecipeBuilder builder = new RecipeBuilder("task_arithmetic").base(base);
    weights.forEach((reference, weight) ->
        builder.model(reference, Map.of("weight", ParameterValue.of(weight))));
    return builder;
  }

  /** The same recipe with another seed. */
  public Recipe withSeed(long newSeed) {
    return new Recipe(
        mergeMethod,
        models,
        baseModel,
        parameters,
        dtype,
        outDtype,
        tokenizer,
        chatTemplate,
        compatibility,
        newSeed);
  }

  /** Every checkpoint that must be open, each once: the base first, then the models. */
  public List<String> references() {
    Set<String> references = new LinkedHashSet<>();
    if (baseModel != null) {
      references.add(baseModel);
    }
    models.forEach(model -> references.add(model.reference()));
    return List.copyOf(references);
  }
}
