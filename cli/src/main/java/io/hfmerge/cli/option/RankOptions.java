package io.hfmerge.cli.option;

import io.hfmerge.analysis.spectral.RankChoice;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How much of an update an adapter keeps. */
public final class RankOptions {

  @Spec(Spec.Target.MIXEE)
  @Nullable CommandSpec spec;

  @Option(
      names = "--rank",
      paramLabel = "R",
      description = "Keep at most the R largest singular values of each matrix.")
  private @Nullable Integer rank;

  @Option(
      names = "--energy",
      paramLabel = "E",
      description =
          "Keep as few singular values as make up this share, 0 to 1, of the squared Frobenius"
              + " norm; with --rank, at most R.")
  private @Nullable Double energy;

  /**
   * What these options choose; empty where neither is given.
   *
   * @throws ParameterException if one is out of range
   */
  public Optional<RankChoice> choice() {
    if (rank != null && rank < 1) {
      throw usage("--rank: expected a positive number, found " + rank);
    }
    if (energy != null && !(energy > 0 && energy <= 1)) {
      throw usage("--energy: expected a number above 0 and up to 1, found " + energy);
    }
    return rank == null && energy == null
        ? Optional.empty()
        : Optional.of(
            new RankChoice(
                rank == null ? OptionalInt.empty() : OptionalInt.of(rank),
                energy == null ? OptionalDouble.empty() : OptionalDouble.of(energy)));
  }

  private ParameterException usage(String message) {
    return new ParameterException(Objects.requireNonNull(spec).commandLine(), message);
  }
}
