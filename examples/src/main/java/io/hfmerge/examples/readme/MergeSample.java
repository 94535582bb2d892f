package io.hfmerge.examples.readme;

import io.hfmerge.engine.MergeOptions;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.output.MergeSettings;
import io.hfmerge.hf.output.MergedModel;
import io.hfmerge.hf.output.ModelMerger;
import io.hfmerge.hf.safetensors.SafetensorsWriter;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.recipe.RecipeWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** Summing fine-tuned models from Java. */
public final class MergeSample {

  private MergeSample() {}

  /** base + (first - base) + 0.5 (second - base), written to a new folder. */
  public static MergedModel sum(String base, String first, String second, Path target)
      throws IOException {
    // [begin README merge]
    Recipe recipe = Recipe.sum(base, Map.of(first, 1.0, second, 0.5)).build();
    ModelMerger merger = new ModelMerger(HfModels.load(), MergeMethods.installed());
    MergeSettings settings =
        new MergeSettings(
            MergeOptions.ofThreads(2), false, SafetensorsWriter.DEFAULT_MAX_SHARD_BYTES, "0.1.0");
    return merger.merge(
        recipe, new RecipeWriter().write(recipe), target, settings, ProgressListener.NONE);
    // [end README merge]
  }
}
