package io.hfmerge.analysis.spectral;

import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * How many singular values a truncation keeps: at most {@code rank} of them, and no more than are
 * needed for a share {@code energy} of the sum of their squares.
 *
 * @param rank most values kept, at least 1; empty for no such bound
 * @param energy share from above 0 to 1; empty to keep as many as {@code rank} allows
 */
public record RankChoice(OptionalInt rank, OptionalDouble energy) {

  public RankChoice {
    if (rank.isPresent() && rank.getAsInt() < 1) {
      throw new IllegalArgumentException("rank must be positive: " + rank.getAsInt());
    }
    if (energy.isPresent() && !(energy.getAsDouble() > 0 && energy.getAsDouble() <= 1)) {
      throw new IllegalArgumentException("energy must be in (0, 1]: " + energy.getAsDouble());
    }
  }

  /** At most so many values. */
  public static RankChoice ofRank(int rank) {
    return new RankChoice(OptionalInt.of(rank), OptionalDouble.empty());
  }

  /** Everything. */
  public static RankChoice all() {
    return new RankChoice(OptionalInt.empty(), OptionalDouble.empty());
  }

  /** Most values that can be kept of {@code available} ones. */
  int most(int available) {
    return Math.min(available, rank.orElse(available));
  }

  /**
   * How many values are kept.
   *
   * @param squares the largest squared singular values, descending
   * @param total sum of all of them
   */
  int choose(double[] squares, double total) {
    int most = most(squares.length);
    if (energy.isEmpty()) {
      return most;
    }
    double kept = 0;
    for (int i = 0; i < most; i++) {
      kept += squares[i];
      if (kept >= energy.getAsDouble() * total) {
        return i + 1;
      }
    }
    return most;
  }
}
