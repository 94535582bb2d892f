package io.hfmerge.hf.djl.eval;

import io.hfmerge.engine.MergeOptions;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.djl.model.LoadOptions;
import io.hfmerge.hf.output.ComputedModel;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.recipe.RecipeReader;
import io.hfmerge.recipe.RecipeWriter;
import java.io.IOException;

/** Measures what recipes make, without writing it. */
public final class RecipeEvaluator {

  private final HfModels models;
  private final MergeMethods methods;
  private final MergeOptions engine;
  private final EvalTask task;
  private final LoadOptions options;

  /**
   * @param engine how merges run
   * @param options where models run
   */
  public RecipeEvaluator(
      HfModels models,
      MergeMethods methods,
      MergeOptions engine,
      EvalTask task,
      LoadOptions options) {
    this.models = models;
    this.methods = methods;
    this.engine = engine;
    this.task = task;
    this.options = options;
  }

  /**
   * Merges in memory and measures.
   *
   * @throws io.hfmerge.error.InvalidRecipeException if the method does not take the parameters
   * @throws io.hfmerge.error.HfMergeException if a model is refused
   * @throws IOException if a file cannot be read
   */
  public Metric measure(Recipe recipe) throws IOException {
    // read again, so that what a search has changed is checked as if a user had written it
    RecipeReader reader = new RecipeReader(methods);
    String text = new RecipeWriter().write(recipe);
    try (ComputedModel merged =
        ComputedModel.open(models, methods, reader.readBook(text, "recipe"), engine, "merged")) {
      Metric metric = task.metric(task.evaluate(merged.model(), options));
      merged.checkFinite();
      return metric;
    }
  }
}
