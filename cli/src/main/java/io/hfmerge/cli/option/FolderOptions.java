package io.hfmerge.cli.option;

import io.hfmerge.cli.Version;
import io.hfmerge.engine.MergeOptions;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.output.MergeSettings;
import io.hfmerge.progress.ProgressListener;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** How a model folder is written, whatever it is made of. */
public final class FolderOptions {

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
      names = "--allow-nan",
      description = "Keep NaN and infinities that the inputs did not have, instead of failing.")
  private boolean allowNan;

  @Option(
      names = "--dry-run",
      description = "Print what would be read, merged, copied and written, and stop.")
  private boolean dryRun;

  @Option(
      names = "--sha256",
      description =
          "Record the SHA-256 of all inputs and outputs in hfmerge.json; of weights read with --stream,"
              + " the one that the Hub states.")
  private boolean sha256;

  @Mixin private final StreamOption stream = new StreamOption();

  /** What opens models as asked for; a plan alone needs headers, and downloads nothing large. */
  public HfModels models(ProgressListener listener) {
    return stream.models(listener, dryRun);
  }

  public boolean dryRun() {
    return dryRun;
  }

  /**
   * The settings that these options make.
   *
   * @param command whose options they are
   * @throws ParameterException if an option is out of range
   */
  public MergeSettings settings(@Nullable CommandSpec command) {
    if (threads < 1 || threads > 1024) {
      throw new ParameterException(
          Objects.requireNonNull(command).commandLine(),
          "--threads: expected 1 to 1024, found " + threads);
    }
    return new MergeSettings(
            MergeOptions.ofThreads(threads).withMemory(memory.bytes()),
            force,
            maxShardSize.bytes(),
            Version.number())
        .withAllowNonFinite(allowNan)
        .withSha256(sha256);
  }
}
