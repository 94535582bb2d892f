package io.hfmerge.recipe;

import io.hfmerge.method.Compatibility;
import io.hfmerge.tensor.DType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Writes recipe files: documents, and outputs as what they do not have in common. */
final class RecipeBookWriter {

  private final RecipeWriter recipes;

  RecipeBookWriter(RecipeWriter recipes) {
    this.recipes = recipes;
  }

  String write(RecipeBook book) {
    StringBuilder yaml = new StringBuilder();
    book.intermediates()
        .forEach((name, recipe) ->
            yaml.append("name: ")
                .append(RecipeWriter.text(name))
                .append('\n')
                .append(recipes.write(recipe))
                .append("---\n"));
    if (!book.hasNamedOutputs()) {
      return yaml.append(recipes.write(book.outputs().getFirst().recipe())).toString();
    }
    List<Recipe> all = book.outputs().stream().map(RecipeOutput::recipe).toList();
    Recipe common = common(all);
    yaml.append(recipes.write(common)).append("outputs:\n");
    for (RecipeOutput output : book.outputs()) {
      String name = Objects.requireNonNull(output.name());
      yaml.append("  - name: ").append(RecipeWriter.text(name)).append('\n');
      changes(yaml, common, output.recipe());
    }
    return yaml.toString();
  }

  /** What all recipes have, of the first one's method. */
  private static Recipe common(List<Recipe> all) {
    Recipe first = all.getFirst();
    List<ModelEntry> models = new ArrayList<>();
    for (int i = 0; i < first.models().size(); i++) {
      int model = i;
      models.add(
          new ModelEntry(
              first.models().get(i).reference(),
              common(all, recipe -> recipe.models().get(model).parameters())));
    }
    return first.varied(
        first.mergeMethod(),
        models,
        common(all, Recipe::parameters),
        commonDtype(all, Recipe::dtype),
        commonDtype(all, Recipe::outDtype),
        all.stream().allMatch(recipe -> recipe.compatibility() == first.compatibility())
            ? first.compatibility()
            : Compatibility.HFMERGE,
        all.stream().allMatch(recipe -> recipe.seed() == first.seed()) ? first.seed() : 0);
  }

  private static Map<String, ParameterValue> common(
      List<Recipe> all, Function<Recipe, Map<String, ParameterValue>> parameters) {
    Map<String, ParameterValue> common = new LinkedHashMap<>(parameters.apply(all.getFirst()));
    for (Recipe recipe : all) {
      common.entrySet().retainAll(parameters.apply(recipe).entrySet());
    }
    return common;
  }

  private static @Nullable DType commonDtype(
      List<Recipe> all, Function<Recipe, @Nullable DType> dtype) {
    DType first = dtype.apply(all.getFirst());
    return all.stream().allMatch(recipe -> dtype.apply(recipe) == first) ? first : null;
  }

  private static void changes(StringBuilder yaml, Recipe common, Recipe recipe) {
    String indent = "    ";
    if (!recipe.mergeMethod().equals(common.mergeMethod())) {
      yaml.append(indent)
          .append("merge_method: ")
          .append(RecipeWriter.text(recipe.mergeMethod()))
          .append('\n');
    }
    StringBuilder models = new StringBuilder();
    for (int i = 0; i < recipe.models().size(); i++) {
      ModelEntry model = recipe.models().get(i);
      Map<String, ParameterValue> own = new LinkedHashMap<>(model.parameters());
      own.keySet().removeAll(common.models().get(i).parameters().keySet());
      if (!own.isEmpty()) {
        models
            .append(indent)
            .append("  - model: ")
            .append(RecipeWriter.text(model.reference()))
            .append('\n');
        RecipeWriter.parameters(models, indent + "    ", own);
      }
    }
    if (!models.isEmpty()) {
      yaml.append(indent).append("models:\n").append(models);
    }
    Map<String, ParameterValue> own = new LinkedHashMap<>(recipe.parameters());
    own.keySet().removeAll(common.parameters().keySet());
    RecipeWriter.parameters(yaml, indent, own);
    dtype(yaml, indent + "dtype: ", common.dtype(), recipe.dtype());
    dtype(yaml, indent + "out_dtype: ", common.outDtype(), recipe.outDtype());
    if (recipe.compatibility() != common.compatibility()) {
      yaml.append(indent).append("compat: mergekit\n");
    }
    if (recipe.seed() != common.seed()) {
      yaml.append(indent).append("seed: ").append(recipe.seed()).append('\n');
    }
  }

  private static void dtype(
      StringBuilder yaml, String key, @Nullable DType common, @Nullable DType own) {
    if (own != null && own != common) {
      yaml.append(key).append(own.torchName()).append('\n');
    }
  }
}
