package io.hfmerge.recipe;

import io.hfmerge.method.Compatibility;
import io.hfmerge.tensor.DType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Builds a {@link Recipe} step by step. Not thread-safe. */
public final class RecipeBuilder {

  private final String mergeMethod;
  private final List<ModelEntry> models = new ArrayList<>();
  private final List<Slice> slices = new ArrayList<>();
  private final Map<String, RecipeModule> modules = new LinkedHashMap<>();
  private final Map<String, ParameterValue> parameters = new LinkedHashMap<>();
  private @Nullable String baseModel;
  private @Nullable DType dtype;
  private @Nullable DType outDtype;
  private @Nullable TokenizerSpec tokenizer;
  private @Nullable ChatTemplateChoice chatTemplate;
  private MismatchPolicy onMismatch = MismatchPolicy.REFUSE;
  private Compatibility compatibility = Compatibility.HFMERGE;
  private long seed;

  RecipeBuilder(String mergeMethod) {
    this.mergeMethod = mergeMethod;
  }

  public RecipeBuilder base(@Nullable String reference) {
    baseModel = reference;
    return this;
  }

  public RecipeBuilder model(String reference, Map<String, ParameterValue> modelParameters) {
    models.add(new ModelEntry(reference, modelParameters));
    return this;
  }

  public RecipeBuilder model(String reference) {
    return model(reference, Map.of());
  }

  public RecipeBuilder slice(Slice slice) {
    slices.add(slice);
    return this;
  }

  public RecipeBuilder module(String name, RecipeModule module) {
    modules.put(name, module);
    return this;
  }

  public RecipeBuilder parameter(String name, ParameterValue value) {
    parameters.put(name, value);
    return this;
  }

  public RecipeBuilder dtype(@Nullable DType value) {
    dtype = value;
    return this;
  }

  public RecipeBuilder outDtype(@Nullable DType value) {
    outDtype = value;
    return this;
  }

  public RecipeBuilder tokenizer(@Nullable TokenizerSpec value) {
    tokenizer = value;
    return this;
  }

  public RecipeBuilder chatTemplate(@Nullable ChatTemplateChoice value) {
    chatTemplate = value;
    return this;
  }

  public RecipeBuilder onMismatch(MismatchPolicy value) {
    onMismatch = value;
    return this;
  }

  public RecipeBuilder compatibility(Compatibility value) {
    compatibility = value;
    return this;
  }

  public RecipeBuilder seed(long value) {
    seed = value;
    return this;
  }

  public Recipe build() {
    return new Recipe(
        mergeMethod,
        models,
        slices,
        modules,
        baseModel,
        parameters,
        dtype,
        outDtype,
        tokenizer,
        chatTemplate,
        onMismatch,
        compatibility,
        seed);
  }
}
