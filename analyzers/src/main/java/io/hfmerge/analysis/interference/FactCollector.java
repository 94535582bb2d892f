package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.interference.MatrixFacts.Alignment;
import io.hfmerge.analysis.interference.MatrixFacts.BaseShares;
import io.hfmerge.analysis.spectral.Blas;
import io.hfmerge.analysis.spectral.GramSpectrum;
import io.hfmerge.analysis.spectral.SymmetricEigen;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Computes the {@link MatrixFacts} of one matrix in f64, reading the models a few times and never
 * holding a task vector whole.
 *
 * <p>Everything comes from Gram matrices of the shorter side s and products of that size. Memory:
 * {@link #doubles}, whatever the longer side. Flops: about 2(T + 3) s² n for the longer side n, T(T
 * + 1) s² n more where the shorter side is the outputs (then D_i D_jᵀ is s x s and is formed pair
 * by pair; else ‖D_i D_jᵀ‖_F² = ⟨D_iᵀD_i, D_jᵀD_j⟩), and 10 s³ for the base's eigenvectors.
 */
final class FactCollector {

  /** s x s matrices alive at a time beside those of the tasks. */
  private static final int MATRICES = 7;

  /** Unit round-off of f64. */
  private static final double UNIT_ROUNDOFF = 0x1p-53;

  /**
   * Singular values below this share of the largest have vectors that the squared condition of a
   * Gram matrix leaves too little of: 1e-6 of orthogonality. Their share of the energy is 1e-10.
   */
  private static final double DIRECTION = 1e-5;

  /** Share of a side that leading vectors may take: more than that, and anything overlaps. */
  private static final int SIDE_SHARE = 4;

  /** Excess over 1 that rounding can make of a projection coefficient that is exactly 1. */
  private static final double ROUNDING = 1e-9;

  private final TaskMatrices matrices;
  private final TensorSums sums;
  private final double[] weights;
  private final int tasks;
  private final int n;
  private final int most;

  private final List<double[]> grams = new ArrayList<>();
  private final List<double[]> shortVectors = new ArrayList<>();
  private double[] sumGram = new double[0];
  private double[] baseGram = new double[0];
  private double[] scratch = new double[0];
  private double[] sumShort = new double[0];
  private double[] sumLong = new double[0];

  private FactCollector(TaskMatrices matrices, TensorSums sums, double[] weights, int rank) {
    this.matrices = matrices;
    this.sums = sums;
    this.weights = weights;
    this.tasks = matrices.tasks();
    this.n = matrices.length();
    this.most = Math.min(rank, Math.max(1, n / SIDE_SHARE));
  }

  /** Doubles that a matrix of this shorter side takes at once. */
  static double doubles(int tasks, long shortSide) {
    return (tasks + (double) MATRICES) * shortSide * shortSide;
  }

  /**
   * Computes all of it.
   *
   * @param matrices finite, of at least one row and column
   * @param sums of the same matrices
   * @param weights λ w_t
   * @param rank most leading singular vectors to compare, at least 1
   * @throws IOException if bytes cannot be read
   */
  static MatrixFacts collect(TaskMatrices matrices, TensorSums sums, double[] weights, int rank)
      throws IOException {
    return new FactCollector(matrices, sums, weights, rank).collect();
  }

  private MatrixFacts collect() throws IOException {
    addGrams();
    scratch = new double[n * n];
    double[] responses = responses();
    double[] damages = damages(responses);
    double[][] values = new double[tasks][];
    for (int t = 0; t < tasks; t++) {
      values[t] = roots(SymmetricEigen.values(grams.get(t), n));
      shortVectors.add(leading(grams.get(t), values[t], most));
    }
    double[] sumValues = roots(SymmetricEigen.values(sumGram, n));
    sumShort = leading(sumGram, sumValues, most);
    List<double[]> longVectors = longVectors();
    Directions along = Directions.of(n, shortVectors);
    Directions across = Directions.of(matrices.count(), longVectors);
    boolean input = matrices.shortSideIsInput();
    return new MatrixFacts(
        sums,
        weights,
        values,
        sumValues,
        input ? along : across,
        input ? across : along,
        responses,
        damages,
        alignment(sumValues),
        baseShares());
  }

  private void addGrams() throws IOException {
    for (int t = 0; t < tasks; t++) {
      grams.add(new double[Math.multiplyExact(n, n)]);
    }
    sumGram = new double[n * n];
    baseGram = new double[n * n];
    matrices.read((first, some, base, deltas) -> {
      Blas.addGramOfColumns(base, some, n, baseGram);
      for (int t = 0; t < tasks; t++) {
        if (sums.squares(t) > 0) {
          Blas.addGramOfColumns(deltas.get(t), some, n, grams.get(t));
        }
      }
      Blas.addGramOfColumns(merged(deltas, some), some, n, sumGram);
    });
    grams.forEach(gram -> GramSpectrum.mirror(gram, n));
    GramSpectrum.mirror(sumGram, n);
    GramSpectrum.mirror(baseGram, n);
  }

  /** A panel of M. */
  private double[] merged(List<double[]> deltas, int some) {
    double[] sum = new double[some * n];
    for (int t = 0; t < tasks; t++) {
      double[] delta = deltas.get(t);
      for (int i = 0; i < sum.length; i++) {
        sum[i] += weights[t] * delta[i];
      }
    }
    return sum;
  }

  private double[] responses() throws IOException {
    double[] responses = new double[tasks * tasks];
    for (int i = 0; i < tasks; i++) {
      responses[i * tasks + i] = squares(grams.get(i));
      for (int j = 0; j < i; j++) {
        double response = 0;
        if (sums.squares(i) > 0 && sums.squares(j) > 0) {
          response =
              matrices.shortSideIsInput() ? product(grams.get(i), grams.get(j)) : formed(i, j);
        }
        responses[i * tasks + j] = response;
        responses[j * tasks + i] = response;
      }
    }
    return responses;
  }

  private double formed(int i, int j) throws IOException {
    Arrays.fill(scratch, 0);
    matrices.read((first, some, base, deltas) ->
        Blas.addTransposedMultiply(deltas.get(i), deltas.get(j), scratch, n, n, some));
    return squares(scratch);
  }

  private double[] damages(double[] responses) throws IOException {
    double[] damages = new double[tasks];
    for (int t = 0; t < tasks; t++) {
      if (!(sums.squares(t) > 0)) {
        continue;
      }
      if (tasks == 2 && weights[0] == 1 && weights[1] == 1) {
        // M − D_t is the other task vector
        damages[t] = responses[1];
        continue;
      }
      int task = t;
      boolean input = matrices.shortSideIsInput();
      Arrays.fill(scratch, 0);
      matrices.read((first, some, base, deltas) -> {
        double[] rest = merged(deltas, some);
        double[] delta = deltas.get(task);
        for (int i = 0; i < rest.length; i++) {
          rest[i] -= delta[i];
        }
        if (input) {
          Blas.addGramOfColumns(rest, some, n, scratch);
        } else {
          Blas.addTransposedMultiply(rest, delta, scratch, n, n, some);
        }
      });
      if (input) {
        GramSpectrum.mirror(scratch, n);
      }
      damages[t] = input ? product(scratch, grams.get(t)) : squares(scratch);
    }
    return damages;
  }

  private static double squares(double[] matrix) {
    return GramSpectrum.sumOfSquares(matrix, matrix.length);
  }

  private static double product(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  /** Roots of eigenvalues beyond rounding noise, descending. */
  private double[] roots(double[] ascending) {
    double largest = ascending[n - 1];
    int count = 0;
    while (count < n && ascending[n - 1 - count] > n * UNIT_ROUNDOFF * largest) {
      count++;
    }
    double[] roots = new double[largest > 0 ? count : 0];
    for (int i = 0; i < roots.length; i++) {
      roots[i] = Math.sqrt(ascending[n - 1 - i]);
    }
    return roots;
  }

  /** Number of values whose vectors are to be trusted. */
  private static int trusted(double[] values) {
    int count = 0;
    while (count < values.length && values[count] > DIRECTION * values[0]) {
      count++;
    }
    return count;
  }

  /** Eigenvectors of the largest values, descending, a row each. */
  private double[] leading(double[] gram, double[] values, int limit) {
    int count = Math.min(limit, trusted(values));
    return count == 0 ? new double[0] : descending(SymmetricEigen.largest(gram, n, count), count);
  }

  private double[] descending(SymmetricEigen.Pairs pairs, int count) {
    double[] rows = new double[count * n];
    int found = pairs.values().length;
    for (int i = 0; i < count; i++) {
      System.arraycopy(pairs.vectors(), (found - 1 - i) * n, rows, i * n, n);
    }
    return rows;
  }

  /** The singular vectors of the longer side, a row each: lines times short vectors, normalised. */
  private List<double[]> longVectors() throws IOException {
    int count = matrices.count();
    List<double[]> columns = new ArrayList<>();
    for (double[] vectors : shortVectors) {
      columns.add(new double[Math.multiplyExact(count, vectors.length / n)]);
    }
    sumLong = new double[Math.multiplyExact(count, sumShort.length / n)];
    matrices.read((first, some, base, deltas) -> {
      for (int t = 0; t < tasks; t++) {
        project(deltas.get(t), shortVectors.get(t), columns.get(t), first, some);
      }
      project(merged(deltas, some), sumShort, sumLong, first, some);
    });
    normalise(sumLong, sumShort.length / n);
    List<double[]> rows = new ArrayList<>();
    for (int t = 0; t < tasks; t++) {
      int k = shortVectors.get(t).length / n;
      normalise(columns.get(t), k);
      double[] transposed = new double[k * count];
      for (int i = 0; i < count; i++) {
        for (int r = 0; r < k; r++) {
          transposed[r * count + i] = columns.get(t)[i * k + r];
        }
      }
      rows.add(transposed);
    }
    return rows;
  }

  private void project(double[] lines, double[] vectors, double[] target, int first, int some) {
    int k = vectors.length / n;
    if (k > 0) {
      double[] part = new double[some * k];
      Blas.multiplyTransposed(lines, vectors, part, some, k, n);
      System.arraycopy(part, 0, target, first * k, part.length);
    }
  }

  private static void normalise(double[] lines, int k) {
    for (int r = 0; r < k; r++) {
      double square = 0;
      for (int i = r; i < lines.length; i += k) {
        square += lines[i] * lines[i];
      }
      double inverse = 1 / Math.sqrt(square);
      for (int i = r; i < lines.length; i += k) {
        lines[i] *= inverse;
      }
    }
  }

  private Alignment alignment(double[] sumValues) throws IOException {
    int k = sumShort.length / n;
    double[] energy = new double[tasks];
    double[] share = new double[2];
    if (k == 0) {
      return new Alignment(0, energy, 0, 0);
    }
    // by task and vector: |u_rᵀD_t|² and ⟨u_rᵀM, u_rᵀD_t⟩
    double[][] squares = new double[tasks][k];
    double[][] along = new double[tasks][k];
    if (matrices.shortSideIsInput()) {
      List<double[]> reads = new ArrayList<>();
      for (int t = 0; t < tasks; t++) {
        reads.add(new double[k * n]);
      }
      matrices.read((first, some, base, deltas) -> {
        double[] left = Arrays.copyOfRange(sumLong, first * k, (first + some) * k);
        for (int t = 0; t < tasks; t++) {
          Blas.addTransposedMultiply(left, deltas.get(t), reads.get(t), k, n, some);
        }
      });
      for (int t = 0; t < tasks; t++) {
        for (int r = 0; r < k; r++) {
          for (int j = r * n; j < (r + 1) * n; j++) {
            squares[t][r] += reads.get(t)[j] * reads.get(t)[j];
            along[t][r] += sumValues[r] * sumShort[j] * reads.get(t)[j];
          }
        }
      }
    } else {
      matrices.read((first, some, base, deltas) -> {
        double[] part = new double[some * k];
        for (int t = 0; t < tasks; t++) {
          Blas.multiplyTransposed(deltas.get(t), sumShort, part, some, k, n);
          for (int i = 0; i < part.length; i++) {
            squares[t][i % k] += part[i] * part[i];
            along[t][i % k] += sumValues[i % k] * sumLong[first * k + i] * part[i];
          }
        }
      });
    }
    for (int t = 0; t < tasks; t++) {
      for (int r = 0; r < k; r++) {
        energy[t] += squares[t][r];
        share[0] += along[t][r] > (1 + ROUNDING) * squares[t][r] ? squares[t][r] : 0;
        share[1] += squares[t][r];
      }
    }
    return new Alignment(k, energy, share[0], share[1]);
  }

  private BaseShares baseShares() throws IOException {
    SymmetricEigen.Pairs pairs = SymmetricEigen.pairs(baseGram, n);
    double[] values = roots(pairs.values());
    int rank = trusted(values);
    int leading = 0;
    double half = Arrays.stream(values).sum() / 2;
    for (double sum = 0; leading < rank && sum < half; leading++) {
      sum += values[leading];
    }
    double[] leadingEnergy = new double[tasks];
    double[] rankEnergy = new double[tasks];
    if (rank == 0) {
      return new BaseShares(0, 0, 0, leadingEnergy, rankEnergy);
    }
    // a square matrix of full rank has no null space: its leading block is all there is to know
    boolean whole = rank == n && matrices.count() == n;
    int needed = whole ? leading : rank;
    double[] vectors = descending(pairs, needed);
    List<double[]> inside = grams; // no longer needed: room for the products
    inside.forEach(product -> Arrays.fill(product, 0));
    matrices.read((first, some, base, deltas) -> {
      double[] left = new double[some * needed];
      Blas.multiplyTransposed(base, vectors, left, some, needed, n);
      for (int i = 0; i < left.length; i++) {
        left[i] /= values[i % needed];
      }
      for (int t = 0; t < tasks; t++) {
        Blas.addTransposedMultiply(left, deltas.get(t), inside.get(t), needed, n, some);
      }
    });
    for (int t = 0; t < tasks; t++) {
      // [needed, n] times the transposed vectors: the block of the base's basis
      leadingEnergy[t] = energyAlong(inside.get(t), leading, vectors, leading);
      rankEnergy[t] =
          whole
              ? sums.squares(t)
              : rank == n
                  ? GramSpectrum.sumOfSquares(inside.get(t), rank * n)
                  : energyAlong(inside.get(t), rank, vectors, rank);
    }
    return new BaseShares(values[0], leading, rank, leadingEnergy, rankEnergy);
  }

  private double energyAlong(double[] lines, int count, double[] vectors, int k) {
    double[] block = new double[count * k];
    Blas.multiplyTransposed(lines, vectors, block, count, k, n);
    return squares(block);
  }
}
