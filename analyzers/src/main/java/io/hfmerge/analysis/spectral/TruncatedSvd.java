package io.hfmerge.analysis.spectral;

import static org.bytedeco.openblas.global.openblas.LAPACKE_dgeqrf;
import static org.bytedeco.openblas.global.openblas.LAPACKE_dgesdd;
import static org.bytedeco.openblas.global.openblas.LAPACKE_dorgqr;
import static org.bytedeco.openblas.global.openblas.LAPACK_COL_MAJOR;

import io.hfmerge.error.UnsupportedFeatureException;
import java.io.IOException;
import java.util.Arrays;

/**
 * Best approximations of a given rank (Eckart and Young), in f64, one thread a call.
 *
 * <p>Of a whole matrix: the eigenvectors V of the Gram matrix of its shorter side, and the matrix
 * itself projected on them. As the projection is exact for whatever orthonormal V, keeping all of
 * them gives the matrix back to f64 rounding, though the Gram matrix squares its condition. Where
 * few singular values of many are wanted, V comes from {@link LeadingSubspace} instead, in f32 and
 * within a bound of the best; the projection, and so the energy that is kept, is in f64 all the
 * same.
 *
 * <p>Of a product of two thin matrices: QR of both, and the SVD of the small core between them; the
 * product is never formed.
 */
public final class TruncatedSvd {

  /** Doubles in a panel: 4 MiB. */
  private static final int PANEL_DOUBLES = 1 << 19;

  /**
   * Shorter sides beyond this have a Gram matrix of more than 2 GiB, which an array cannot hold.
   */
  private static final int MAX_SHORT_SIDE = 16_383;

  /** Unit round-off of f64. */
  private static final double UNIT_ROUNDOFF = 0x1p-53;

  static {
    Blas.useOneThread();
  }

  private TruncatedSvd() {}

  /**
   * The best approximation of a matrix. n² doubles of memory for the shorter side n, twice; where
   * few singular values are wanted, a float for each element instead, up to 4 GiB.
   *
   * @param choice how many singular values to keep; those that are rounding noise of the Gram
   *     matrix are left out anyway
   * @throws UnsupportedFeatureException if the shorter side is beyond 16,383, and all singular
   *     values are needed
   * @throws ArithmeticException if an element is NaN or infinite
   * @throws IOException if lines cannot be read
   */
  public static LowRankMatrix of(LineSource matrix, RankChoice choice) throws IOException {
    int n = matrix.length();
    if (choice.rank().isPresent() && LeadingSubspace.pays(n, choice.most(n))) {
      return ofLeading(matrix, choice);
    }
    if (n > MAX_SHORT_SIDE) {
      throw new UnsupportedFeatureException(
          "a matrix of %d x %d: singular vectors are computed up to a shorter side of %d"
              .formatted(matrix.count(), n, MAX_SHORT_SIDE));
    }
    if (n == 0) {
      return LowRankMatrix.zero();
    }
    double[] gram = new double[n * n];
    double squares = addGram(matrix, gram);
    if (!Double.isFinite(squares)) {
      throw new ArithmeticException("NaN or infinity");
    }
    if (squares == 0) {
      return LowRankMatrix.zero();
    }
    int most = choice.most(n);
    SymmetricEigen.Pairs pairs =
        2 * most >= n ? SymmetricEigen.pairs(gram, n) : SymmetricEigen.largest(gram, n, most);
    int found = pairs.values().length;
    double[] descending = new double[most];
    int significant = 0;
    for (int i = 0; i < most; i++) {
      descending[i] = Math.max(0, pairs.values()[found - 1 - i]);
      if (descending[i] > n * UNIT_ROUNDOFF * descending[0]) {
        significant = i + 1;
      }
    }
    int rank = choice.choose(Arrays.copyOf(descending, significant), squares);
    double[] vectors = new double[rank * n];
    for (int i = 0; i < rank; i++) {
      System.arraycopy(pairs.vectors(), (found - 1 - i) * n, vectors, i * n, n);
    }
    double[] along = along(matrix, vectors, rank);
    return split(matrix, vectors, along, rank, squares, 0);
  }

  /** With few singular values of many, whose vectors are searched for. */
  private static LowRankMatrix ofLeading(LineSource matrix, RankChoice choice) throws IOException {
    int n = matrix.length();
    int most = choice.most(n);
    LeadingSubspace.Result found = LeadingSubspace.of(matrix, most);
    if (found.squares() == 0) {
      return LowRankMatrix.zero();
    }
    double[] along = along(matrix, found.vectors(), most);
    double[] gram = new double[most * most];
    Blas.addGramOfColumns(along, matrix.count(), most, gram);
    SymmetricEigen.Pairs pairs = SymmetricEigen.pairs(gram, most);
    double[] descending = new double[most];
    double[] turn = new double[most * most];
    int significant = 0;
    for (int i = 0; i < most; i++) {
      descending[i] = Math.max(0, pairs.values()[most - 1 - i]);
      System.arraycopy(pairs.vectors(), (most - 1 - i) * most, turn, i * most, most);
      if (descending[i] > n * UNIT_ROUNDOFF * descending[0]) {
        significant = i + 1;
      }
    }
    int rank = choice.choose(Arrays.copyOf(descending, significant), found.squares());
    double[] vectors = new double[rank * n];
    Blas.addMultiply(turn, found.vectors(), vectors, rank, n, most);
    double[] turned = new double[Math.multiplyExact(matrix.count(), rank)];
    Blas.multiplyTransposed(along, turn, turned, matrix.count(), rank, most);
    double beyond = found.mostEnergy() - Arrays.stream(descending).sum();
    return split(matrix, vectors, turned, rank, found.squares(), beyond);
  }

  private static double addGram(LineSource matrix, double[] gram) throws IOException {
    int n = matrix.length();
    int count = panel(matrix);
    double[] lines = new double[count * n];
    double squares = 0;
    for (int first = 0; first < matrix.count(); first += count) {
      int some = Math.min(count, matrix.count() - first);
      matrix.read(first, some, lines);
      squares += GramSpectrum.sumOfSquares(lines, some * n);
      Blas.addGramOfColumns(lines, some, n, gram);
    }
    return squares;
  }

  private static int panel(LineSource matrix) {
    return Math.clamp(PANEL_DOUBLES / matrix.length(), 1, Math.max(1, matrix.count()));
  }

  /** What the matrix makes of vectors, {@code [count, rank]}. */
  private static double[] along(LineSource matrix, double[] vectors, int rank) throws IOException {
    int n = matrix.length();
    int count = panel(matrix);
    double[] lines = new double[count * n];
    double[] some = new double[count * rank];
    double[] along = new double[Math.multiplyExact(matrix.count(), rank)];
    for (int first = 0; first < matrix.count() && rank > 0; first += count) {
      int height = Math.min(count, matrix.count() - first);
      matrix.read(first, height, lines);
      Blas.multiplyTransposed(lines, vectors, some, height, rank, n);
      System.arraycopy(some, 0, along, first * rank, height * rank);
    }
    return along;
  }

  /**
   * The part of the matrix along orthonormal vectors, balanced.
   *
   * @param beyond energy that other vectors could have more
   */
  private static LowRankMatrix split(
      LineSource matrix,
      double[] vectors,
      double[] along,
      int rank,
      double squares,
      double beyond) {
    int n = matrix.length();
    double kept = 0;
    for (int k = 0; k < rank; k++) {
      double square = 0;
      for (int i = 0; i < matrix.count(); i++) {
        square += along[i * rank + k] * along[i * rank + k];
      }
      kept += square;
      double root = Math.sqrt(Math.sqrt(square));
      for (int i = 0; i < matrix.count() && root > 0; i++) {
        along[i * rank + k] /= root;
      }
      for (int j = 0; j < n; j++) {
        vectors[k * n + j] *= root;
      }
    }
    double energy = Math.min(1, kept / squares);
    double shortfall = Math.max(0, beyond / squares);
    return matrix.columns()
        ? new LowRankMatrix(
            rank,
            transpose(along, matrix.count(), rank),
            transpose(vectors, rank, n),
            energy,
            shortfall,
            Math.sqrt(squares))
        : new LowRankMatrix(rank, vectors, along, energy, shortfall, Math.sqrt(squares));
  }

  /**
   * The best approximation of a product {@code b a}.
   *
   * @param b {@code [rows, k]}, row-major
   * @param a {@code [k, columns]}, row-major
   * @throws ArithmeticException if an element is NaN or infinite
   */
  public static LowRankMatrix ofProduct(
      double[] b, double[] a, int rows, int columns, int k, RankChoice choice) {
    double[] left = transpose(b, rows, k);
    double[] right = a.clone();
    // pairs of the same norms, so that a large row of one does not drown in small columns of the
    // other
    balance(left, right, rows, columns, k);
    int height = Math.min(rows, k);
    int width = Math.min(columns, k);
    double[] leftR = factor(left, rows, k);
    double[] rightR = factor(right, columns, k);
    double[] core = new double[height * width];
    Blas.multiplyTransposed(leftR, rightR, core, height, width, k);
    int least = Math.min(height, width);
    double[] values = new double[least];
    double[] u = new double[height * least];
    double[] v = new double[width * least];
    // row-major core is column-major coreᵀ = v Σ uᵀ
    check(
        "dgesdd",
        LAPACKE_dgesdd(
            LAPACK_COL_MAJOR, (byte) 'S', width, height, core, width, values, v, width, u, least));
    double total = GramSpectrum.sumOfSquares(values, least);
    double[] squares = Arrays.stream(values).map(x -> x * x).toArray();
    int significant = 0;
    while (significant < least && values[significant] > k * UNIT_ROUNDOFF * values[0]) {
      significant++;
    }
    int rank = choice.choose(Arrays.copyOf(squares, significant), total);
    if (rank == 0) {
      return new LowRankMatrix(0, new double[0], new double[0], 1, 0, Math.sqrt(total));
    }
    // rows of the small factors, scaled: uᵀ√Σ as [rank, height], vᵀ√Σ as [rank, width]
    double[] smallLeft = new double[rank * height];
    double[] smallRight = new double[rank * width];
    double kept = 0;
    for (int i = 0; i < rank; i++) {
      double root = Math.sqrt(values[i]);
      kept += squares[i];
      for (int j = 0; j < height; j++) {
        smallLeft[i * height + j] = root * u[j * least + i];
      }
      for (int j = 0; j < width; j++) {
        smallRight[i * width + j] = root * v[i * width + j];
      }
    }
    // Q is kept by columns: left is [height, rows], right [width, columns]
    double[] newB = new double[Math.multiplyExact(rows, rank)];
    Blas.transposedMultiply(left, transpose(smallLeft, rank, height), newB, rows, rank, height);
    double[] newA = new double[Math.multiplyExact(rank, columns)];
    Blas.transposedMultiply(transpose(smallRight, rank, width), right, newA, rank, columns, width);
    return new LowRankMatrix(
        rank, newA, newB, total > 0 ? Math.min(1, kept / total) : 1, 0, Math.sqrt(total));
  }

  private static void balance(double[] left, double[] right, int rows, int columns, int k) {
    for (int i = 0; i < k; i++) {
      double l = norm(left, i * rows, rows);
      double r = norm(right, i * columns, columns);
      if (!Double.isFinite(l) || !Double.isFinite(r)) {
        throw new ArithmeticException("NaN or infinity");
      }
      if (l > 0 && r > 0) {
        double factor = Math.sqrt(r / l);
        for (int j = 0; j < rows; j++) {
          left[i * rows + j] *= factor;
        }
        for (int j = 0; j < columns; j++) {
          right[i * columns + j] /= factor;
        }
      }
    }
  }

  private static double norm(double[] values, int from, int length) {
    double sum = 0;
    for (int i = from; i < from + length; i++) {
      sum += values[i] * values[i];
    }
    return Math.sqrt(sum);
  }

  /**
   * QR of a tall matrix given by its columns, {@code k} rows of {@code length}; they are replaced
   * by the columns of Q.
   *
   * @return R, row-major, {@code min(length, k) x k}
   */
  static double[] factor(double[] columns, int length, int k) {
    int least = Math.min(length, k);
    double[] tau = new double[least];
    check("dgeqrf", LAPACKE_dgeqrf(LAPACK_COL_MAJOR, length, k, columns, length, tau));
    double[] r = new double[least * k];
    for (int i = 0; i < least; i++) {
      for (int j = i; j < k; j++) {
        r[i * k + j] = columns[j * length + i];
      }
    }
    check("dorgqr", LAPACKE_dorgqr(LAPACK_COL_MAJOR, length, least, least, columns, length, tau));
    return r;
  }

  private static double[] transpose(double[] matrix, int rows, int columns) {
    double[] result = new double[matrix.length];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        result[j * rows + i] = matrix[i * columns + j];
      }
    }
    return result;
  }

  private static void check(String routine, int info) {
    if (info != 0) {
      throw new IllegalStateException("LAPACK " + routine + " failed with code " + info);
    }
  }
}
