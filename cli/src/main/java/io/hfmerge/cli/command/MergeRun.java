package io.hfmerge.cli.command;

import io.hfmerge.cli.option.OutputOptions;
import io.hfmerge.cli.output.ProgressLine;
import io.hfmerge.cli.output.Terminal;
import io.hfmerge.hf.output.MergeSettings;
import io.hfmerge.hf.output.ModelMerger;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.recipe.RecipeBook;
import io.hfmerge.recipe.RecipeWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
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
    String text = Objects.equals(book, read) ? readText : new RecipeWriter().write(book);
    PrintWriter out = commandLine.getOut();
    MergeSettings settings = options.settings();
    List<String> lines;
    try (ProgressLine progress = ProgressLine.create(commandLine.getErr())) {
      ModelMerger merger = new ModelMerger(options.models(progress), methods);
      lines =
          options.dryRun()
              ? merger.describePlan(book, settings, options.verbose())
              : merger.merge(book, text, target, settings, progress).lines();
    }
    lines.stream().map(Terminal::printable).forEach(out::println);
    out.flush();
    return 0;
  }
}
