package io.hfmerge.cli.option;

import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.output.MergeSettings;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.recipe.RecipeBook;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How a merge runs and writes. */
public final class OutputOptions {

  @Spec(Spec.Target.MIXEE)
  @Nullable CommandSpec spec;

  @Mixin private final FolderOptions folder = new FolderOptions();

  @Option(
      names = "--resume",
      description = {
        "Continue an interrupted merge into the same folder; the result has the same bytes as if it"
            + " had not been interrupted. Without one, begin."
      })
  private boolean resume;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Seed of methods that draw at random, instead of the recipe's.")
  private @Nullable Long seed;

  @Option(names = "--verbose", description = "With --dry-run: a line for each tensor as well.")
  private boolean verbose;

  /** What opens models as asked for; see {@link FolderOptions#models}. */
  public HfModels models(ProgressListener listener) {
    return folder.models(listener);
  }

  public boolean dryRun() {
    return folder.dryRun();
  }

  /** Whether to list every tensor. */
  public boolean verbose() {
    return verbose;
  }

  /** The recipes with the seed that was asked for, if one was. */
  public RecipeBook seeded(RecipeBook book) {
    return seed == null ? book : book.withSeed(seed);
  }

  /**
   * The settings that these options make.
   *
   * @throws ParameterException if an option is out of range
   */
  public MergeSettings settings() {
    if (verbose && !folder.dryRun()) {
      throw new ParameterException(
          Objects.requireNonNull(spec).commandLine(),
          "--verbose: expected beside --dry-run; the tensors of a merge are in its output");
    }
    return folder.settings(spec).withResume(resume);
  }
}
