package io.hfmerge.method;

import io.hfmerge.tensor.DType;

/**
 * {@code r = x_a + sum_(i != a) c_i (x_i - x_a)} for coefficients that add up to 1, where {@code a}
 * has the coefficient of largest magnitude (the first such).
 *
 * <p>Equal to the weighted sum, with an error of the same size, and exact for identical finite
 * inputs, which the weighted sum is not with weights of both signs.
 */
final class AnchoredMeanKernel implements TileKernel {

  private final DeltaSumKernel kernel;

  AnchoredMeanKernel(double[] coefficients, DType output) {
    int anchor = 0;
    for (int i = 1; i < coefficients.length; i++) {
      if (Math.abs(coefficients[i]) > Math.abs(coefficients[anchor])) {
        anchor = i;
      }
    }
    int[] others = new int[coefficients.length - 1];
    double[] shares = new double[coefficients.length - 1];
    for (int i = 0; i < others.length; i++) {
      others[i] = i < anchor ? i : i + 1;
      shares[i] = coefficients[others[i]];
    }
    kernel = new DeltaSumKernel(anchor, others, shares, output);
  }

  @Override
  public void merge(float[][] inputs, float[] out, int length, long firstElement) {
    kernel.merge(inputs, out, length, firstElement);
  }
}
