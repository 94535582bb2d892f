package io.hfmerge.cli.command;

import io.hfmerge.cli.option.OutputOptions;
import io.hfmerge.cli.output.ProgressLine;
import io.hfmerge.cli.output.Terminal;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.output.MergeSettings;
import io.hfmerge.hf.output.MergedModels;
import io.hfmerge.hf.output.ModelMerger;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.recipe.RecipeBook;
import io.hfmerge.recipe.RecipeWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import picocli.CommandLine;

/** What {@code merge} and {@code sum} have in common: a recipe, carried out or only planned. */
final class MergeRun {

  private MergeRun() {}

  static int execute(
      RecipeBook read,
      String readText,
      MergeMethods methods,
      Path target,
      OutputOptions options,
      CommandLine commandLine)
      throws IOException {
    RecipeBook book = options.seeded(read);
    // a recipe that is handed on makes the same weights again, without the option
    String text = book.equals(read) ? readText : new RecipeWriter().write(book);
    PrintWriter out = commandLine.getOut();
    ModelMerger merger = new ModelMerger(HfModels.load(), methods);
    MergeSettings settings = options.settings();
    if (options.dryRun()) {
      merger.describePlan(book, settings, options.verbose()).stream()
          .map(Terminal::printable)
          .forEach(out::println);
    } else {
      MergedModels merged;
      try (ProgressLine progress = ProgressLine.create(commandLine.getErr())) {
        merged = merger.merge(book, text, target, settings, progress);
      }
      merged.lines().stream().map(Terminal::printable).forEach(out::println);
    }
    out.flush();
    return 0;
  }
}
