package io.hfmerge.recipe;

import io.hfmerge.method.Compatibility;
import io.hfmerge.tensor.DType;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What to merge, how, and into what. Well-formed by construction; whether the method exists and
 * takes these parameters is {@link RecipeChecker}'s to say. At most one of models, slices and
 * modules is there.
 *
 * @param mergeMethod name of a merge method
 * @param models in the order of summation; the base may be among them
 * @param slices layers of the output, in their order, where it is not made of whole models
 * @param modules by name, for models of several modules that are merged each in its own way
 * @param baseModel reference of the base model, if any
 * @param parameters of the method, for all models
 * @param dtype output dtype where {@code outDtype} gives none; never lowers the arithmetic
 * @param outDtype output dtype of merged tensors; with neither, each keeps its own
 * @param tokenizer the output's vocabulary; without, the base's files are copied and the models'
 *     vocabularies must be of one size
 * @param chatTemplate the output's chat template; without, the tokenizer's own
 * @param onMismatch what becomes of tensors whose shapes differ
 * @param compatibility whose numbers are wanted where hfmerge and mergekit differ
 * @param seed for methods that draw at random
 */
public record Recipe(
    String mergeMethod,
    List<ModelEntry> models,
    List<Slice> slices,
    Map<String, RecipeModule> modules,
    @Nullable String baseModel,
    Map<String, ParameterValue> parameters,
    @Nullable DType dtype,
    @Nullable DType outDtype,
    @Nullable TokenizerSpec tokenizer,
    @Nullable ChatTemplateChoice chatTemplate,
    MismatchPolicy onMismatch,
    Compatibility compatibility,
    long seed) {

  /** Name of the only part of a recipe without modules. */
  public static final String WHOLE_MODEL = "";

  public Recipe {
    models = List.copyOf(models);
    slices = List.copyOf(slices);
    modules = OrderedMaps.copyOf(modules);
    parameters = OrderedMaps.copyOf(parameters);
    if (mergeMethod.isBlank()) {
      throw new IllegalArgumentException("a recipe without a merge method");
    }
    if ((models.isEmpty() ? 0 : 1) + (slices.isEmpty() ? 0 : 1) + (modules.isEmpty() ? 0 : 1) > 1) {
      throw new IllegalArgumentException("more than one of models, slices and modules");
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
    return varied(mergeMethod, models, parameters, dtype, outDtype, compatibility, newSeed);
  }

  /** The modules; of a recipe without, one that has no name and no parameters of its own. */
  public Map<String, RecipeModule> parts() {
    return modules.isEmpty()
        ? Map.of(WHOLE_MODEL, new RecipeModule(models, slices, Map.of()))
        : modules;
  }

  /** The parameters of every level: the recipe's, then those of modules, slices and models. */
  public List<Map<String, ParameterValue>> allParameters() {
    List<Map<String, ParameterValue>> all = new ArrayList<>();
    all.add(parameters);
    for (RecipeModule part : parts().values()) {
      all.add(part.parameters());
      part.models().forEach(model -> all.add(model.parameters()));
      for (Slice slice : part.slices()) {
        all.add(slice.parameters());
        slice.sources().forEach(source -> all.add(source.parameters()));
      }
    }
    return all;
  }

  /** The same models and everything else that is not given here. */
  Recipe varied(
      String newMethod,
      List<ModelEntry> newModels,
      Map<String, ParameterValue> newParameters,
      @Nullable DType newDtype,
      @Nullable DType newOutDtype,
      Compatibility newCompatibility,
      long newSeed) {
    return new Recipe(
        newMethod,
        newModels,
        slices,
        modules,
        baseModel,
        newParameters,
        newDtype,
        newOutDtype,
        tokenizer,
        chatTemplate,
        onMismatch,
        newCompatibility,
        newSeed);
  }

  /** Every checkpoint that must be open, each once: the base first, then the models. */
  public List<String> references() {
    Set<String> references = new LinkedHashSet<>();
    addIfGiven(references, baseModel);
    for (RecipeModule part : parts().values()) {
      part.models().forEach(model -> references.add(model.reference()));
      for (Slice slice : part.slices()) {
        addIfGiven(references, slice.baseModel());
        slice.sources().forEach(source -> references.add(source.reference()));
      }
    }
    return List.copyOf(references);
  }

  private static void addIfGiven(Set<String> references, @Nullable String reference) {
    if (reference != null) {
      references.add(reference);
    }
  }

  /** The same and, where the tokenizer is that of a model beside them, this model. */
  public List<String> allReferences() {
    Set<String> references = new LinkedHashSet<>(references());
    if (tokenizer != null
        && tokenizer.source() instanceof VocabularySource.Model(String reference)) {
      references.add(reference);
    }
    return List.copyOf(references);
  }
}
