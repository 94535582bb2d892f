package io.hfmerge.analysis.spectral;

import static io.hfmerge.analysis.spectral.LanczosKernels.WIDTH;

/**
 * Orthonormalises the vectors of a block by the Cholesky factor of their f64 Gram matrix; done
 * twice by callers ("CholeskyQR2", Yamamoto et al., Electron. Trans. Numer. Anal. 44 (2015)), which
 * leaves nothing but f32 rounding.
 */
final class BlockFactor {

  /** Part of a vector's square that must remain beside the vectors before it; f32 rounding. */
  private static final double DEPENDENT = 1e-12;

  private BlockFactor() {}

  /**
   * Replaces the block W by Q with W = Q R.
   *
   * @param threshold vectors whose part orthogonal to those before them is not longer count as
   *     empty: they become zero, and so does their row of R
   * @param factor receives R, row-major, upper triangular
   * @return which vectors are empty
   */
  static boolean[] factor(
      LanczosKernels kernels, float[] block, int stride, double threshold, double[] factor) {
    double[] gram = new double[WIDTH * WIDTH];
    kernels.dots(block, block, stride, gram);
    boolean[] empty = new boolean[WIDTH];
    for (int j = 0; j < WIDTH; j++) {
      for (int i = 0; i < j; i++) {
        double sum = gram[i * WIDTH + j];
        for (int k = 0; k < i; k++) {
          sum -= factor[k * WIDTH + i] * factor[k * WIDTH + j];
        }
        factor[i * WIDTH + j] = empty[i] ? 0 : sum / factor[i * WIDTH + i];
      }
      double pivot = gram[j * WIDTH + j];
      for (int k = 0; k < j; k++) {
        pivot -= factor[k * WIDTH + j] * factor[k * WIDTH + j];
      }
      double least = Math.max(threshold * threshold, DEPENDENT * gram[j * WIDTH + j]);
      empty[j] = !(pivot > least);
      factor[j * WIDTH + j] = empty[j] ? 0 : Math.sqrt(pivot);
      for (int i = j + 1; i < WIDTH; i++) {
        factor[i * WIDTH + j] = 0;
      }
    }
    for (int j = 0; j < WIDTH; j++) {
      for (int k = 0; k < j; k++) {
        subtract(block, j * stride, block, k * stride, (float) factor[k * WIDTH + j], stride);
      }
      float inverse = empty[j] ? 0 : (float) (1 / factor[j * WIDTH + j]);
      for (int i = j * stride; i < (j + 1) * stride; i++) {
        block[i] *= inverse;
      }
    }
    return empty;
  }

  private static void subtract(
      float[] from, int at, float[] vector, int vectorAt, float factor, int length) {
    if (factor == 0) {
      return;
    }
    for (int i = 0; i < length; i++) {
      from[at + i] -= factor * vector[vectorAt + i];
    }
  }
}
