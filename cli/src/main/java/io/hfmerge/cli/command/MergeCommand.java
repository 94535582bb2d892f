package io.hfmerge.cli.command;

import io.hfmerge.cli.option.OutputOptions;
import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.hf.files.Utf8Text;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.recipe.RecipeBook;
import io.hfmerge.recipe.RecipeReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code hfmerge merge}: carries out a recipe in mergekit's YAML. */
@Command(name = "merge", description = "Merges models by a recipe in mergekit's YAML.")
public final class MergeCommand implements Callable<Integer> {

  @Spec @Nullable CommandSpec spec;

  @Parameters(index = "0", paramLabel = "RECIPE", description = "A YAML file.")
  private Path recipeFile = Path.of("");

  @Parameters(
      index = "1",
      paramLabel = "OUT",
      description =
          "Folder to create; of recipes with outputs, the folder that gets one for each output.")
  private Path target = Path.of("");

  @Mixin private final OutputOptions options = new OutputOptions();

  @Override
  public Integer call() throws Exception {
    MergeMethods methods = MergeMethods.installed();
    String text = read();
    RecipeBook book = new RecipeReader(methods).readBook(text, recipeFile.toString());
    return MergeRun.execute(
        book, text, methods, target, options, Objects.requireNonNull(spec).commandLine());
  }

  private String read() throws IOException {
    try {
      return Utf8Text.read(recipeFile);
    } catch (CharacterCodingException e) {
      throw new InvalidRecipeException(String.valueOf(e.getMessage()), e);
    }
  }
}
