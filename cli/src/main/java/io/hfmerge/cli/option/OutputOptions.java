package io.hfmerge.cli.option;

import io.hfmerge.cli.Version;
import io.hfmerge.engine.MergeOptions;
import io.hfmerge.hf.output.MergeSettings;
import io.hfmerge.recipe.RecipeBook;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How a merge runs and writes. */
public final class OutputOptions {

  @Spec(Spec.Target.MIXEE)
  @Nullable CommandSpec spec;

  @Option(names = "--force", description = "Replace an existing model folder.")
  private boolean force;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Worker threads (default: one per core). The bytes do not depend on it.")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      converter = ByteSize.Converter.class,
      description =
          "Memory for blocks of inputs and outputs (default: ${DEFAULT-VALUE}); Java itself takes"
              + " some 100 MB more. The bytes do not depend on it.",
      defaultValue = "1GiB")
  private ByteSize memory = new ByteSize(MergeOptions.DEFAULT_MEMORY_BYTES);

  @Option(
      names = "--max-shard-size",
      paramLabel = "SIZE",
      converter = ByteSize.Converter.class,
      description = "Begin a new file above this size (default: ${DEFAULT-VALUE}).",
      defaultValue = "5GB")
  private ByteSize maxShardSize = new ByteSize(5_000_000_000L);

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
      names = "--allow-nan",
      description = "Keep NaN and infinities that the inputs did not have, instead of failing.")
  private boolean allowNan;

  @Option(
      names = "--sha256",
      description = "Record the SHA-256 of all inputs and outputs in hfmerge.json.")
  private boolean sha256;

  @Option(
      names = "--dry-run",
      description = "Print what would be read, merged, copied and written, and stop.")
  private boolean dryRun;

  @Option(names = "--verbose", description = "With --dry-run: a line for each tensor as well.")
  private boolean verbose;

  public boolean dryRun() {
    return dryRun;
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
    if (threads < 1 || threads > 1024) {
      throw new ParameterException(
          java.util.Objects.requireNonNull(spec).commandLine(),
          "--threads: expected 1 to 1024, found " + threads);
    }
    if (verbose && !dryRun) {
      throw new ParameterException(
          java.util.Objects.requireNonNull(spec).commandLine(),
          "--verbose: expected beside --dry-run; the tensors of a merge are in its output");
    }
    return new MergeSettings(
        MergeOptions.ofThreads(threads).withMemory(memory.bytes()),
        force,
        maxShardSize.bytes(),
        Version.number(),
        resume,
        allowNan,
        sha256);
  }
}
