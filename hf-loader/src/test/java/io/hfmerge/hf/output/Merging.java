package io.hfmerge.hf.output;

import io.hfmerge.engine.MergeOptions;
import io.hfmerge.hf.HfModels;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.recipe.RecipeReader;
import java.io.IOException;
import java.nio.file.Path;

/** Merges as the command line does, with settings that tests choose. */
final class Merging {

  static final MergeSettings DEFAULTS = settings(MergeOptions.ofThreads(2));

  private Merging() {}

  static MergeSettings settings(MergeOptions engine) {
    return new MergeSettings(engine, false, Long.MAX_VALUE, "test");
  }

  static MergeSettings shards(long maxShardBytes) {
    return new MergeSettings(MergeOptions.ofThreads(2), false, maxShardBytes, "test");
  }

  static MergedModel merge(String recipe, Path target) throws IOException {
    return merge(recipe, target, DEFAULTS);
  }

  static MergedModel merge(String recipe, Path target, MergeSettings settings) throws IOException {
    MergeMethods methods = MergeMethods.installed();
    return new ModelMerger(HfModels.load(), methods)
        .merge(
            new RecipeReader(methods).read(recipe, "recipe.yaml"),
            recipe,
            target,
            settings,
            ProgressListener.NONE);
  }

  /** All recipes of a file. */
  static MergedModels mergeAll(String recipes, Path target, MergeSettings settings)
      throws IOException {
    MergeMethods methods = MergeMethods.installed();
    return new ModelMerger(HfModels.load(), methods)
        .merge(
            new RecipeReader(methods).readBook(recipes, "recipe.yaml"),
            recipes,
            target,
            settings,
            ProgressListener.NONE);
  }

  /** {@code base + sum_i w_i (model_i - base)}. */
  static String sum(Path base, Object... modelsAndWeights) {
    return "merge_method: task_arithmetic\nbase_model: '%s'\n".formatted(base)
        + models(modelsAndWeights);
  }

  static String linear(Object... modelsAndWeights) {
    return "merge_method: linear\n" + models(modelsAndWeights);
  }

  private static String models(Object... modelsAndWeights) {
    StringBuilder yaml = new StringBuilder("models:\n");
    for (int i = 0; i < modelsAndWeights.length; i += 2) {
      yaml.append(
          "- {model: '%s', parameters: {weight: %s}}\n"
              .formatted(modelsAndWeights[i], modelsAndWeights[i + 1]));
    }
    return yaml.toString();
  }
}
