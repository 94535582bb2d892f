package io.hfmerge.cli.option;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How many matrices are worked on at a time. */
public final class ThreadsOption {

  private static final int MOST = 1024;

  @Spec(Spec.Target.MIXEE)
  @Nullable CommandSpec spec;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Worker threads (default: one per core). The numbers do not depend on it.")
  private int threads = Runtime.getRuntime().availableProcessors();

  /**
   * The number.
   *
   * @throws ParameterException if it is out of its range
   */
  public int threads() {
    if (threads < 1 || threads > MOST) {
      throw new ParameterException(
          Objects.requireNonNull(spec).commandLine(),
          "--threads: expected 1 to " + MOST + ", found " + threads);
    }
    return threads;
  }
}
