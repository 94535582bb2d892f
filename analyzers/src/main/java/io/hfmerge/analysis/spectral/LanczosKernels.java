package io.hfmerge.analysis.spectral;

import java.lang.System.Logger.Level;

/**
 * The inner loops of block Lanczos on lines of {@code float}, in two twins: {@link
 * VectorLanczosKernels} on the incubating Vector API and {@link ScalarLanczosKernels} for a JVM
 * started without it. A test holds them equal up to the rounding of sums of {@code stride} terms.
 *
 * <p>Layout: {@code lines} is row-major, {@code count x stride}; a block is {@link #WIDTH} vectors
 * of length {@code stride}, one after another. {@code stride} is a multiple of {@link #LANES} and
 * {@code count} of {@link #LINES}; callers pad with zeros. NaN in, NaN out. Deterministic.
 */
abstract class LanczosKernels {

  /**
   * Vectors in a block. On a Gaussian of width 1280 to 1e-8: 52 readings of the matrix with one, 37
   * with two, 30 with four, at 25, 24 and 15 GB/s a core: two are quickest.
   */
  static final int WIDTH = 2;

  /** Lines that are taken at once: their second use comes from the L1 or L2 cache. */
  static final int LINES = 2;

  /** Strides are multiples of this many floats: a whole number of vectors of any machine. */
  static final int LANES = 64;

  /** Apart from the class itself, which its subclasses need before they can be chosen from. */
  private static final class Chosen {
    static final LanczosKernels KERNELS = select();
  }

  /** The kernels for this JVM. */
  static LanczosKernels get() {
    return Chosen.KERNELS;
  }

  private static LanczosKernels select() {
    System.Logger logger = System.getLogger(LanczosKernels.class.getName());
    if (ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()) {
      logger.log(Level.DEBUG, "Lanczos on the Vector API");
      return new VectorLanczosKernels();
    }
    logger.log(
        Level.INFO,
        "Lanczos without the Vector API, several times slower;"
            + " start Java with --add-modules jdk.incubator.vector");
    return new ScalarLanczosKernels();
  }

  /** The length of a line padded to whole vectors. */
  static int stride(int length) {
    return Math.addExact(length, LANES - 1) / LANES * LANES;
  }

  /** A number of lines padded to whole groups. */
  static int padded(int count) {
    return Math.addExact(count, LINES - 1) / LINES * LINES;
  }

  /**
   * {@code w += Lᵀ (L v)} for the {@link #WIDTH} vectors of the blocks {@code v} and {@code w}, in
   * f32, reading the lines once. 8 flops for 4 bytes of lines.
   */
  abstract void multiply(float[] lines, int count, int stride, float[] v, float[] w);

  /**
   * {@code w += Lᵀ (L v)} for one vector, in f64.
   *
   * @return {@code |L v|²}
   */
  abstract double multiplyExact(float[] lines, int count, int stride, double[] v, double[] w);

  /** The 16 inner products of the vectors of two blocks, in f64: {@code out[4 i + j] = aᵢ·bⱼ}. */
  abstract void dots(float[] a, float[] b, int stride, double[] out);

  /** Sum of squares of the first {@code length} numbers, in f64; a multiple of {@link #LANES}. */
  abstract double sumOfSquares(float[] values, int length);
}
