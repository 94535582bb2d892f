package io.hfmerge.analysis.spectral;

import static io.hfmerge.analysis.spectral.LanczosKernels.WIDTH;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The largest eigenvalue of AᵀA by block Lanczos with full re-orthogonalisation, with a bound on
 * its error.
 *
 * <p>Blocks of two vectors: one reading of A serves both, and convergence goes by the gap between
 * the first and the third eigenvalue instead of the second, which saves a quarter of the readings
 * at the edge of a random bulk. Products and the basis are f32, inner products f64; the eigenvalue
 * itself is the Rayleigh quotient of the final Ritz vector in f64, so that f32 rounding enters
 * squared.
 *
 * <p>Bound: for a Ritz space of the j largest Ritz values with residual R and the rest of the
 * spectrum at least η below the first Ritz value, |λ₁ - θ₁| ≤ 2|R|²/(η + sqrt(η² + 4|R|²)) (Li and
 * Li, "A note on eigenvalues of perturbed Hermitian matrices", Linear Algebra Appl. 395 (2005),
 * theorem 2), which joins |R| and |R|²/η. The smallest over j = 1..4 counts, so tied values do no
 * harm; η takes the next Ritz value plus its own residual for the next eigenvalue. That the largest
 * value was found at all rests on the random start (Kuczynski and Wozniakowski, SIAM J. Matrix
 * Anal. Appl. 13 (1992)). Fixed seed: same matrix, same bits.
 *
 * <p>Cost: about 10 (power-law spectra) to 30 (Gaussian) readings of A, and 16 s² n flops for a
 * basis of s vectors.
 */
public final class BlockLanczos {

  /** Vectors that {@link NormalOperator#multiply} gets at a time, one after another. */
  public static final int BLOCK_WIDTH = WIDTH;

  /** Bound on the relative error of σ₁ to stop at; the error itself is 5 to 30 times smaller. */
  static final double STOP = 1e-6;

  /** Relative rounding noise of a product in f32, summed in chunks: measured below 1e-6. */
  static final double FLOAT_NOISE = 1e-6;

  /** Rounding of the final Rayleigh quotient in f64: u times the root of any length there is. */
  static final double DOUBLE_NOISE = 1e-12;

  /** Largest basis; the Gaussian edge needs about 80 at width 1280, 130 at width 8192. */
  private static final int MAX_BASIS = 512;

  /**
   * Share of the steps that a constant rate would still need after which to look again: the rate
   * grows, and a look costs less than the readings of A that a late one wastes.
   */
  private static final double CAUTION = 0.6;

  /** Steps before the first look at convergence. */
  private static final int FIRST_CHECK = 4;

  private static final long SEED = 0x5eed_1a2c_705aL;

  /**
   * What was found.
   *
   * @param value σ₁
   * @param errorBound bound on its relative error
   * @param steps readings of A, the final one included
   */
  public record Result(double value, double errorBound, int steps) {}

  private final NormalOperator operator;
  private final LanczosKernels kernels = LanczosKernels.get();
  private final int stride;
  private final int limit;
  private final SplittableRandom random = new SplittableRandom(SEED);
  private final List<float[]> basis = new ArrayList<>();

  /** The projection of AᵀA on the basis, row-major in the leading part of limit x limit. */
  private final double[] projection;

  private double scale;

  private BlockLanczos(NormalOperator operator) {
    this.operator = operator;
    this.stride = operator.stride();
    this.limit = Math.min(MAX_BASIS, operator.size() / WIDTH * WIDTH - WIDTH);
    this.projection = new double[limit * limit];
  }

  /**
   * Runs the iteration.
   *
   * @param operator AᵀA, finite and not zero, of size 12 at least; its norm within the range of f32
   */
  public static Result largest(NormalOperator operator) {
    return new BlockLanczos(operator).run();
  }

  private Result run() {
    float[] block = randomBlock();
    orthonormalise(block);
    float[] product = new float[WIDTH * stride];
    double[] alpha = new double[WIDTH * WIDTH];
    int nextCheck = FIRST_CHECK;
    double lastBound = 0;
    int lastStep = 0;
    for (int step = 1; ; step++) {
      operator.multiply(block, product);
      kernels.dots(block, product, stride, alpha);
      basis.add(block);
      int done = WIDTH * basis.size();
      place(alpha, done - WIDTH, done - WIDTH);
      scale = Math.max(scale, Math.sqrt(largestSquare(product)));
      block = product;
      product = new float[WIDTH * stride];
      boolean room = done + WIDTH <= limit;
      double[] beta = new double[WIDTH * WIDTH];
      boolean exhausted = nextBlock(block, beta);
      if (step >= nextCheck || exhausted || !room) {
        Ritz ritz = Ritz.of(projection, limit, done, beta);
        double bound = ritz.relativeBound();
        if (bound <= STOP || exhausted || !room) {
          return finish(ritz, step);
        }
        int ahead = FIRST_CHECK;
        if (lastStep > 0 && bound < lastBound) {
          double perStep = Math.log(lastBound / bound) / (step - lastStep);
          ahead = (int) (CAUTION * Math.log(bound / STOP) / perStep);
        }
        nextCheck = step + Math.clamp(ahead, 1, Math.max(FIRST_CHECK, step / 2));
        lastBound = bound;
        lastStep = step;
      }
      place(beta, done, done - WIDTH);
    }
  }

  private float[] randomBlock() {
    float[] block = new float[WIDTH * stride];
    for (int k = 0; k < WIDTH; k++) {
      randomise(block, k);
    }
    return block;
  }

  private void randomise(float[] block, int k) {
    for (int j = 0; j < operator.size(); j++) {
      block[k * stride + j] = (float) random.nextGaussian();
    }
  }

  /** Puts a {@code WIDTH x WIDTH} part and its mirror image into the projection. */
  private void place(double[] part, int row, int column) {
    if (row + WIDTH > limit) {
      return;
    }
    for (int i = 0; i < WIDTH; i++) {
      for (int j = 0; j < WIDTH; j++) {
        projection[(row + i) * limit + column + j] = part[i * WIDTH + j];
        projection[(column + j) * limit + row + i] = part[i * WIDTH + j];
      }
    }
  }

  private double largestSquare(float[] block) {
    double[] squares = new double[WIDTH * WIDTH];
    kernels.dots(block, block, stride, squares);
    double largest = 0;
    for (int k = 0; k < WIDTH; k++) {
      largest = Math.max(largest, squares[k * WIDTH + k]);
    }
    return largest;
  }

  /**
   * Turns a product into the next block of the basis, twice orthogonalised against all before.
   *
   * @param beta receives the factor with {@code product = next * beta} after projection
   * @return whether nothing was left beyond rounding noise: the basis holds all there is to find
   */
  private boolean nextBlock(float[] block, double[] beta) {
    project(block);
    double threshold = FLOAT_NOISE * scale;
    double[] first = new double[WIDTH * WIDTH];
    boolean[] empty = BlockFactor.factor(kernels, block, stride, threshold, first);
    int deflated = 0;
    for (int k = 0; k < WIDTH; k++) {
      if (empty[k]) {
        deflated++;
        randomise(block, k);
      }
    }
    if (deflated == WIDTH) {
      return true;
    }
    if (deflated > 0) {
      project(block);
      orthonormalise(block);
    }
    project(block);
    double[] second = new double[WIDTH * WIDTH];
    BlockFactor.factor(kernels, block, stride, 0, second);
    for (int i = 0; i < WIDTH; i++) {
      for (int j = 0; j < WIDTH; j++) {
        double sum = 0;
        for (int k = 0; k < WIDTH; k++) {
          sum += second[i * WIDTH + k] * first[k * WIDTH + j];
        }
        beta[i * WIDTH + j] = sum;
      }
    }
    return false;
  }

  private void orthonormalise(float[] block) {
    double[] factor = new double[WIDTH * WIDTH];
    BlockFactor.factor(kernels, block, stride, 0, factor);
    BlockFactor.factor(kernels, block, stride, 0, factor);
  }

  /** Takes the part within the basis out of a block: the kernel with the basis as its lines. */
  private void project(float[] block) {
    float[] inside = new float[block.length];
    for (float[] lines : basis) {
      kernels.multiply(lines, WIDTH, stride, block, inside);
    }
    for (int j = 0; j < block.length; j++) {
      block[j] -= inside[j];
    }
  }

  private Result finish(Ritz ritz, int steps) {
    double[] vector = new double[stride];
    for (int b = 0; b < basis.size(); b++) {
      float[] lines = basis.get(b);
      for (int k = 0; k < WIDTH; k++) {
        double weight = ritz.vector(b * WIDTH + k);
        for (int j = 0; j < operator.size(); j++) {
          vector[j] += weight * lines[k * stride + j];
        }
      }
    }
    double norm = Math.sqrt(Arrays.stream(vector).map(x -> x * x).sum());
    for (int j = 0; j < operator.size(); j++) {
      vector[j] /= norm;
    }
    double[] product = new double[stride];
    double eigenvalue = operator.multiplyExact(vector, product);
    double residual = 0;
    for (int j = 0; j < operator.size(); j++) {
      double difference = product[j] - eigenvalue * vector[j];
      residual += difference * difference;
    }
    double bound = ritz.certify(eigenvalue, Math.sqrt(residual));
    return new Result(Math.sqrt(eigenvalue), bound + DOUBLE_NOISE, steps + 1);
  }
}
