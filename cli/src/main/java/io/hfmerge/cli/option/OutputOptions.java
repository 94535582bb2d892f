package io.hfmerge.cli.option;

import io.hfmerge.hf.output.MergeSettings;
import io.hfmerge.recipe.Recipe;
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

  @Option(
      names = "--sha256",
      description = "Record the SHA-256 of all inputs and outputs in hfmerge.json.")
  private boolean sha256;

  public boolean dryRun() {
    return folder.dryRun();
  }

  /** The recipe with the seed that was asked for, if one was. */
  public Recipe seeded(Recipe recipe) {
    return seed == null || seed == recipe.seed() ? recipe : recipe.withSeed(seed);
  }

  /**
   * The settings that these options make.
   *
   * @throws ParameterException if an option is out of range
   */
  public MergeSettings settings() {
    return folder.settings(spec).withResume(resume).withSha256(sha256);
  }
}
