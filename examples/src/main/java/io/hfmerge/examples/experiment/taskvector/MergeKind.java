package io.hfmerge.examples.experiment.taskvector;

import io.hfmerge.engine.MergeOptions;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.output.MergeSettings;
import io.hfmerge.hf.output.ModelMerger;
import io.hfmerge.hf.safetensors.SafetensorsWriter;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.recipe.ParameterValue;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.recipe.RecipeBuilder;
import io.hfmerge.recipe.RecipeWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** How fine-tuned encoders become one, by the merge engine. */
enum MergeKind {
  /** The base and all task vectors, each times a factor. */
  SUM("task_arithmetic", 1, false),
  /** The mean of the models. */
  AVERAGE("linear", 1, true),
  /** TIES as in arXiv:2306.01708: a fifth of the entries stays, λ = 1. */
  TIES("ties", 0.2, true),
  /** DARE as in arXiv:2311.03099, half of the entries dropped, the others doubled, then summed. */
  DARE("dare_linear", 0.5, false);

  private final String method;
  private final double density;
  private final boolean normalize;

  MergeKind(String method, double density, boolean normalize) {
    this.method = method;
    this.density = density;
    this.normalize = normalize;
  }

  /** What it is called in results. */
  String label() {
    return method;
  }

  /**
   * Merges.
   *
   * @param factor weight of each model; of no effect on averages
   * @param seed of what is dropped at random
   * @param target replaced if it is a model
   */
  void merge(String base, List<Path> models, double factor, long seed, Path target)
      throws IOException {
    RecipeBuilder builder = Recipe.builder(method).seed(seed);
    if (this != AVERAGE) {
      builder.base(base);
    }
    for (Path model : models) {
      builder.model(
          model.toString(),
          density == 1
              ? Map.of("weight", ParameterValue.of(factor))
              : Map.of("weight", ParameterValue.of(factor), "density", ParameterValue.of(density)));
    }
    builder.parameter("normalize", ParameterValue.of(normalize));
    Recipe recipe = builder.build();
    new ModelMerger(HfModels.load(), MergeMethods.installed())
        .merge(
            recipe,
            new RecipeWriter().write(recipe),
            target,
            new MergeSettings(
                MergeOptions.ofThreads(Runtime.getRuntime().availableProcessors()),
                true,
                SafetensorsWriter.DEFAULT_MAX_SHARD_BYTES,
                "experiment"),
            ProgressListener.NONE);
  }
}
