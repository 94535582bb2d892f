package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.spectral.Lines;
import io.hfmerge.analysis.spectral.SquareMatrix;
import io.hfmerge.analysis.spectral.TridiagonalForm;
import java.lang.foreign.Arena;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The singular basis of the base's matrix, from the Gram matrix of its lines X_0: the leading
 * vectors of the shorter side, more of them only where a question needs them, those of the longer
 * side by products alone. B_t is X_0ᵀX_t throughout. Not thread-safe.
 */
final class BaseBasis {

  private final TridiagonalForm form;
  private final Arena arena;
  private final int n;
  private final double[] values;
  private final int rank;
  private final int leading;
  private final Lines vectors;
  private @Nullable Lines all;
  private @Nullable SquareMatrix factor;

  private BaseBasis(TridiagonalForm form, int n, Arena arena) {
    this.form = form;
    this.arena = arena;
    this.n = n;
    TridiagonalForm.Decomposition found =
        form.decompose(squares -> leading(FactCollector.roots(squares)), arena);
    this.values = FactCollector.roots(found.values());
    this.rank = FactCollector.trusted(values);
    this.vectors = found.vectors();
    this.leading = vectors.count();
  }

  /** Number of the largest values that make half of the sum. */
  private static int leading(double[] values) {
    int rank = FactCollector.trusted(values);
    double half = Arrays.stream(values).sum() / 2;
    int count = 0;
    for (double sum = 0; count < rank && sum < half; count++) {
      sum += values[count];
    }
    return count;
  }

  /**
   * Takes the basis.
   *
   * @param gram X_0ᵀX_0, left as it is
   * @param work overwritten, and not to be touched while the basis is in use
   */
  static BaseBasis of(SquareMatrix gram, SquareMatrix work, Arena arena) {
    work.set(gram);
    return new BaseBasis(TridiagonalForm.of(work, arena), gram.size(), arena);
  }

  /** ‖W_0‖₂. */
  double spectral() {
    return rank == 0 ? 0 : values[0];
  }

  /** Number k of the largest singular values that make half of the nuclear norm. */
  int leading() {
    return leading;
  }

  /** Number r of those beyond rounding noise. */
  int rank() {
    return rank;
  }

  /** ‖U_kᵀ D_t V_k‖_F². */
  double leadingEnergy(SquareMatrix product) {
    return energyWithin(vectors, product);
  }

  private double energyWithin(Lines basis, SquareMatrix product) {
    try (Arena temporary = Arena.ofConfined()) {
      // rows of X_0 times a vector have its singular value as length
      return scaled(basis.times(product, temporary)).timesTransposed(basis, temporary).squares();
    }
  }

  private Lines scaled(Lines lines) {
    for (int i = 0; i < lines.count(); i++) {
      lines.scale(i, 1 / values[i]);
    }
    return lines;
  }

  /**
   * Makes ready for {@link #rankEnergy}: all vectors, or a factor where they span the shorter side.
   *
   * @param gram X_0ᵀX_0
   * @param work overwritten, and not to be touched from now on
   */
  void prepareRank(SquareMatrix gram, SquareMatrix work) {
    work.set(gram);
    if (rank == n && work.factor()) {
      factor = work;
    }
  }

  /** ‖U_rᵀ D_t V_r‖_F²; the product may be overwritten. */
  double rankEnergy(SquareMatrix product) {
    if (factor == null) {
      return energyWithin(all(), product);
    }
    // with X_0 = Q Lᵀ, QᵀX_t = L⁻¹B_t
    product.solve(factor);
    return product.dot(product);
  }

  private Lines all() {
    Lines found = all;
    if (found == null) {
      found = leading == rank ? vectors : form.leading(rank, arena).vectors();
      all = found;
    }
    return found;
  }

  /**
   * Singular vectors of a tuned matrix that the base has nothing like.
   *
   * @param count number of vectors looked at
   * @param shortSide how many of those of the shorter side are intruders
   * @param longSide the same of the longer side
   */
  record Intruders(int count, int shortSide, int longSide) {}

  /**
   * Counts vectors whose cosine with every singular vector of the base is below {@link
   * MatrixFacts#INTRUDER_COSINE}.
   *
   * @param tuned leading eigenvectors of the Gram matrix of X_0 + X_t
   * @param product B_t
   */
  Intruders intruders(TridiagonalForm.Leading tuned, SquareMatrix product) {
    double[] lengths = Arrays.stream(tuned.values()).map(x -> Math.sqrt(Math.max(0, x))).toArray();
    int count = FactCollector.trusted(lengths);
    Cosines some = new Cosines(vectors, tuned, lengths, product);
    int shortSide = some.intruders(some.along, count);
    int longSide = some.intruders(some.across, count);
    if (shortSide < 0 || longSide < 0) {
      Cosines every = new Cosines(all(), tuned, lengths, product);
      shortSide = every.below(every.along, count);
      longSide = every.below(every.across, count);
    }
    return new Intruders(count, shortSide, longSide);
  }

  /** Of tuned vectors with vectors of the base, on both sides; a row for each tuned vector. */
  private final class Cosines {

    private final int width;
    private final double[] along;
    private final double[] across;

    Cosines(Lines basis, TridiagonalForm.Leading tuned, double[] lengths, SquareMatrix product) {
      width = basis.count();
      try (Arena temporary = Arena.ofConfined()) {
        Lines vectors = tuned.vectors();
        along = vectors.timesTransposed(basis, temporary).toArray();
        across =
            vectors.timesTransposed(product, temporary).timesTransposed(basis, temporary).toArray();
      }
      for (int j = 0; j < lengths.length; j++) {
        for (int i = 0; i < width; i++) {
          // ⟨X_0 v_i/σ_i, (X_0 + X_t) y_j/τ_j⟩, v_i being an eigenvector of X_0ᵀX_0
          int at = j * width + i;
          across[at] = (across[at] / values[i] + values[i] * along[at]) / lengths[j];
        }
      }
    }

    private double largest(double[] cosines, int j) {
      double largest = 0;
      for (int i = j * width; i < (j + 1) * width; i++) {
        largest = Math.max(largest, Math.abs(cosines[i]));
      }
      return largest;
    }

    int below(double[] cosines, int count) {
      int below = 0;
      for (int j = 0; j < count; j++) {
        below += largest(cosines, j) < MatrixFacts.INTRUDER_COSINE ? 1 : 0;
      }
      return below;
    }

    /** The same of all the base's vectors, or -1 if those that are missing here may matter. */
    int intruders(double[] cosines, int count) {
      double limit = MatrixFacts.INTRUDER_COSINE * MatrixFacts.INTRUDER_COSINE;
      for (int j = 0; j < count; j++) {
        double left = 1;
        for (int i = j * width; i < (j + 1) * width; i++) {
          left -= cosines[i] * cosines[i];
        }
        if (largest(cosines, j) < MatrixFacts.INTRUDER_COSINE && left >= limit && width < rank) {
          return -1;
        }
      }
      return below(cosines, count);
    }
  }
}
