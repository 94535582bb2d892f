package io.hfmerge.cli.command;

import io.hfmerge.cli.option.OutputOptions;
import io.hfmerge.cli.output.ProgressLine;
import io.hfmerge.cli.output.Terminal;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.output.MergeSettings;
import io.hfmerge.hf.output.MergedModel;
import io.hfmerge.hf.output.ModelMerger;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.recipe.Recipe;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;

/** What {@code merge} and {@code sum} have in common: a recipe, carried out or only planned. */
final class MergeRun {

  private MergeRun() {}

  static int execute(
      Recipe recipe,
      String recipeText,
      MergeMethods methods,
      Path target,
      OutputOptions options,
      PrintWriter out)
      throws IOException {
    ModelMerger merger = new ModelMerger(HfModels.load(), methods);
    MergeSettings settings = options.settings();
    if (options.dryRun()) {
      merger.describePlan(recipe).lines().map(Terminal::printable).forEach(out::println);
    } else {
      MergedModel merged;
      try (ProgressLine progress = ProgressLine.create()) {
        merged = merger.merge(recipe, recipeText, target, settings, progress);
      }
      merged.lines().stream().map(Terminal::printable).forEach(out::println);
    }
    out.flush();
    return 0;
  }
}
