package io.hfmerge.analysis.spectral;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The right singular vectors of a matrix A to its few largest singular values, by block Lanczos on
 * AᵀA with full re-orthogonalisation, with a bound on how far they are from the best.
 *
 * <p>The start is Aᵀ times a Gaussian block, so that it lies where A is large. Products and the
 * basis are f32, factors of blocks f64. What counts is energy, the sum of squared singular values:
 * no single vector has to converge, which clusters at the edge of a random bulk do slowly and
 * without any use.
 *
 * <p>Bound: for the j largest Ritz values with residual R and the rest of the spectrum at least ηᵢ
 * below the i-th, λᵢ - θᵢ ≤ 2|R|²/(ηᵢ + sqrt(ηᵢ² + 4|R|²)) (Li and Li, "A note on eigenvalues of
 * perturbed Hermitian matrices", Linear Algebra Appl. 395 (2005), theorem 2); summed over the
 * wanted i, the smallest over j counts. η takes the next Ritz value plus its own residual for the
 * next eigenvalue; that no large one was missed altogether rests on the random start (Halko,
 * Martinsson and Tropp, SIAM Review 53 (2011); Musco and Musco, NeurIPS 2015, for blocks of a
 * Krylov space without gaps). Fixed seed: same matrix, same bits.
 *
 * <p>{@link BlockLanczos} is for the largest value alone, to 1e-6: two vectors at a time, so that
 * one reading of A, which memory bounds, serves as few as converge fastest, and Rayleigh quotients
 * in f64. Here b vectors make each reading a product that the processor bounds, and 1e-3 of the
 * energy is enough.
 *
 * <p>Cost: 4 m n b flops in f32 for each block of b vectors, some 5 (steep spectra) to 40 (random
 * ones) of them, where the Gram matrix takes m n² in f64 and its eigenvectors several n³.
 */
final class LeadingSubspace {

  /** Bound on the energy missed, relative to the energy of the wanted vectors, to stop at. */
  static final double STOP = 1e-3;

  /** Relative rounding of products in f32, which the bound rests on. */
  private static final double FLOAT_NOISE = 1e-6;

  private static final int LEAST_BLOCK = 16;

  /** Wider ones reach no farther for the same number of products. */
  private static final int MOST_BLOCK = 64;

  /** Vectors beside the wanted ones, whose gap speeds up convergence. */
  private static final int OVERSAMPLING = 8;

  /** Floats in a panel: 4 MiB. */
  private static final int PANEL_FLOATS = 1 << 20;

  /** Beyond it, panels are read again for each block instead of being kept: 4 GiB. */
  private static final long MOST_KEPT_FLOATS = 1L << 30;

  /** Largest root mean squares of a panel between these need no scaling. */
  private static final double LARGE = 1e12;

  private static final double SMALL = 1e-12;

  private static final long SEED = 0x10_4a7e_5eedL;

  /**
   * What was found.
   *
   * @param vectors {@code [rank, length]}, row-major, orthonormal
   * @param squares sum of squares of the matrix's elements, in f64
   * @param mostEnergy no vectors of this number have more energy, within the bound
   */
  @SuppressWarnings("ArrayRecordComponent") // a result handed on at once, never compared
  record Result(double[] vectors, double squares, double mostEnergy) {}

  private final LineSource matrix;
  private final int n;
  private final int rank;
  private final int width;
  private final int panelLines;
  private final FloatBuffer[] kept;
  private final FloatBuffer scratch;
  private final double[] lines;
  private final FloatBuffer along;
  private final FloatBuffer product;

  /** Blocks of orthonormal vectors, one after another. */
  private final List<FloatBuffer> basis = new ArrayList<>();

  /** Diagonal and lower off-diagonal blocks of the projection, row-major. */
  private final List<double[]> diagonal = new ArrayList<>();

  private final List<double[]> below = new ArrayList<>();
  private final Arena arena;

  private double squares;

  /** Elements are multiplied by it so that their squares are within the range of f32. */
  private double scale = 1;

  private LeadingSubspace(LineSource matrix, int rank, Arena arena) {
    this.matrix = matrix;
    this.n = matrix.length();
    this.rank = rank;
    this.width = Math.clamp(rank + OVERSAMPLING, LEAST_BLOCK, MOST_BLOCK);
    this.arena = arena;
    this.panelLines = Math.clamp(PANEL_FLOATS / n, 1, Math.max(1, matrix.count()));
    boolean keeps = (long) matrix.count() * n <= MOST_KEPT_FLOATS;
    this.kept = new FloatBuffer[keeps ? panels() : 0];
    this.scratch = Blas.allocateFloats(arena, keeps ? 1 : panelLines * n);
    this.lines = new double[panelLines * n];
    this.along = Blas.allocateFloats(arena, panelLines * width);
    this.product = Blas.allocateFloats(arena, width * n);
  }

  /** Whether this takes less work than all singular values would. */
  static boolean pays(int length, int rank) {
    return length >= 512 && 16L * rank <= length;
  }

  /**
   * Finds them.
   *
   * @param matrix of a shorter side that {@link #pays}
   * @param rank how many vectors, at least 1
   * @throws ArithmeticException if an element is NaN or infinite
   * @throws IOException if lines cannot be read
   */
  static Result of(LineSource matrix, int rank) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      return new LeadingSubspace(matrix, rank, arena).run();
    }
  }

  private Result run() throws IOException {
    measure();
    if (squares == 0) {
      return new Result(new double[0], 0, 0);
    }
    start();
    int nextCheck = Math.ceilDiv(rank + width, width);
    for (int step = 1; ; step++) {
      multiply(basis.getLast());
      boolean room = (step + 1) * width <= n / 2;
      double[] beta = nextBlock();
      if (step >= nextCheck || !room) {
        Projection found = new Projection(step, beta);
        if (!room || found.missing <= STOP * found.wanted) {
          return found.result();
        }
        nextCheck = step + Math.max(1, step / 4);
      }
      below.add(beta);
    }
  }

  private int panels() {
    return Math.ceilDiv(matrix.count(), panelLines);
  }

  private int lines(int panel) {
    return Math.min(panelLines, matrix.count() - panel * panelLines);
  }

  /** Reads everything once, and again if it needs a scale. */
  private void measure() throws IOException {
    double largest = 0;
    for (int p = 0; p < panels(); p++) {
      int numbers = lines(p) * n;
      if (kept.length > 0) {
        kept[p] = Blas.allocateFloats(arena, numbers);
      }
      decode(p, kept.length > 0 ? kept[p] : scratch);
      double some = GramSpectrum.sumOfSquares(lines, numbers);
      squares += some;
      largest = Math.max(largest, Math.sqrt(some / numbers));
    }
    if (!Double.isFinite(squares)) {
      throw new ArithmeticException("NaN or infinity");
    }
    if (squares > 0 && (largest > LARGE || largest < SMALL)) {
      scale = Math.scalb(1.0, -Math.getExponent(largest));
      for (int p = 0; p < kept.length; p++) {
        decode(p, kept[p]);
      }
    }
  }

  private void decode(int panel, FloatBuffer target) throws IOException {
    matrix.read(panel * panelLines, lines(panel), lines);
    int numbers = lines(panel) * n;
    for (int i = 0; i < numbers; i++) {
      target.put(i, (float) (lines[i] * scale));
    }
  }

  private FloatBuffer panel(int index) throws IOException {
    if (kept.length > 0) {
      return kept[index];
    }
    decode(index, scratch);
    return scratch;
  }

  /** The first block: what A makes of a random one. */
  private void start() throws IOException {
    SplittableRandom random = new SplittableRandom(SEED);
    clear(product);
    for (int p = 0; p < panels(); p++) {
      int count = lines(p);
      for (int i = 0; i < count * width; i++) {
        along.put(i, (float) random.nextGaussian());
      }
      Blas.addTransposedMultiply(along, panel(p), product, width, n, count);
    }
    double[] block = doubles(product);
    TruncatedSvd.factor(block, n, width);
    addBlock(block);
  }

  /** {@code product = block AᵀA}. */
  private void multiply(FloatBuffer block) throws IOException {
    clear(product);
    for (int p = 0; p < panels(); p++) {
      FloatBuffer panel = panel(p);
      int count = lines(p);
      Blas.multiplyTransposed(panel, block, along, count, width, n);
      Blas.addTransposedMultiply(along, panel, product, width, n, count);
    }
  }

  /**
   * Makes the next block of the basis of the product, twice orthogonalised against all before, and
   * notes the diagonal block of the projection.
   *
   * @return the factor with {@code product = factorᵀ next} after projection, row-major
   */
  private double[] nextBlock() {
    diagonal.add(project(true));
    double[] block = doubles(product);
    double[] first = TruncatedSvd.factor(block, n, width);
    // directions of rounding noise, now of length 1, may lie anywhere
    for (int i = 0; i < block.length; i++) {
      product.put(i, (float) block[i]);
    }
    project(false);
    block = doubles(product);
    double[] second = TruncatedSvd.factor(block, n, width);
    addBlock(block);
    double[] beta = new double[width * width];
    for (int i = 0; i < width; i++) {
      for (int k = i; k < width; k++) {
        for (int j = k; j < width; j++) {
          beta[i * width + j] += second[i * width + k] * first[k * width + j];
        }
      }
    }
    return beta;
  }

  /**
   * Takes the part within the basis out of the product.
   *
   * @param twice whether to do it again, for what rounding left
   * @return the part within the last block, symmetric
   */
  private double[] project(boolean twice) {
    double[] within = new double[width * width];
    try (Arena temporary = Arena.ofConfined()) {
      FloatBuffer part = Blas.allocateFloats(temporary, width * width);
      for (int pass = 0; pass < (twice ? 2 : 1); pass++) {
        for (int b = 0; b < basis.size(); b++) {
          FloatBuffer block = basis.get(b);
          Blas.multiplyTransposed(product, block, part, width, width, n);
          Blas.subtractMultiply(part, block, product, width, n, width);
          if (b == basis.size() - 1) {
            for (int i = 0; i < width; i++) {
              for (int j = 0; j < width; j++) {
                within[i * width + j] += (part.get(i * width + j) + part.get(j * width + i)) / 2;
              }
            }
          }
        }
      }
    }
    return within;
  }

  private void addBlock(double[] vectors) {
    FloatBuffer block = Blas.allocateFloats(arena, width * n);
    for (int i = 0; i < vectors.length; i++) {
      block.put(i, (float) vectors[i]);
    }
    basis.add(block);
  }

  private double[] doubles(FloatBuffer block) {
    double[] copy = new double[width * n];
    for (int i = 0; i < copy.length; i++) {
      copy[i] = block.get(i);
    }
    return copy;
  }

  private static void clear(FloatBuffer buffer) {
    for (int i = 0; i < buffer.capacity(); i++) {
      buffer.put(i, 0);
    }
  }

  /** AᵀA within the basis but for its newest block. */
  private final class Projection {

    private final int size;
    private final SymmetricEigen.Pairs pairs;

    /** Sum of the wanted Ritz values. */
    final double wanted;

    /** Bound on what the sum of the largest eigenvalues is more. */
    final double missing;

    Projection(int blocks, double[] beta) {
      size = blocks * width;
      double[] matrix = new double[size * size];
      for (int b = 0; b < blocks; b++) {
        for (int i = 0; i < width; i++) {
          for (int j = 0; j < width; j++) {
            int row = b * width + i;
            matrix[row * size + b * width + j] = diagonal.get(b)[i * width + j];
            if (b + 1 < blocks) {
              double link = below.get(b)[i * width + j];
              matrix[(row + width) * size + b * width + j] = link;
              matrix[(b * width + j) * size + row + width] = link;
            }
          }
        }
      }
      int count = Math.min(size, 2 * rank + OVERSAMPLING);
      pairs =
          2 * count >= size
              ? SymmetricEigen.pairs(matrix, size)
              : SymmetricEigen.largest(matrix, size, count);
      double sum = 0;
      for (int i = 0; i < rank; i++) {
        sum += value(i);
      }
      wanted = sum;
      missing = missing(beta, count);
    }

    private double value(int i) {
      return Math.max(0, pairs.values()[pairs.values().length - 1 - i]);
    }

    private int row(int i) {
      return (pairs.values().length - 1 - i) * size;
    }

    private double missing(double[] beta, int count) {
      double[] residuals = new double[count];
      for (int i = 0; i < count; i++) {
        int last = row(i) + size - width;
        for (int k = 0; k < width; k++) {
          double sum = 0;
          for (int j = k; j < width; j++) {
            sum += beta[k * width + j] * pairs.vectors()[last + j];
          }
          residuals[i] += sum * sum;
        }
      }
      double best = Double.POSITIVE_INFINITY;
      double square = 0;
      for (int j = 0; j + 1 < count; j++) {
        square += residuals[j];
        if (j + 1 >= rank) {
          double next = value(j + 1) + Math.sqrt(residuals[j + 1]);
          double bound = 0;
          for (int i = 0; i < rank; i++) {
            bound += Ritz.excess(square, Math.max(0, value(i) - next));
          }
          best = Math.min(best, bound);
        }
      }
      return best;
    }

    Result result() {
      double[] vectors = new double[rank * n];
      for (int b = 0; b < size / width; b++) {
        double[] block = doubles(basis.get(b));
        double[] weights = new double[rank * width];
        for (int i = 0; i < rank; i++) {
          System.arraycopy(pairs.vectors(), row(i) + b * width, weights, i * width, width);
        }
        Blas.addMultiply(weights, block, vectors, rank, n, width);
      }
      TruncatedSvd.factor(vectors, n, rank);
      double most = (wanted + missing) * (1 + FLOAT_NOISE) / (scale * scale);
      return new Result(vectors, squares, Math.min(squares, most));
    }
  }
}
