package io.hfmerge.method;

/**
 * {@code r = sum_i c_i x_i}, added from left to right.
 *
 * <p>Identical inputs and coefficients that add up to 1 up to their rounding give each input back
 * wherever the result is stored in 32 bits or fewer: the error, some 1e-16 of the value, is far
 * below half a step.
 */
final class WeightedSumKernel implements TileKernel {

  private final double[] coefficients;

  WeightedSumKernel(double[] coefficients) {
    this.coefficients = coefficients.clone();
  }

  @Override
  public void merge(double[][] inputs, double[] out, int length, long firstElement) {
    scale(coefficients[0], inputs[0], out, length);
    for (int model = 1; model < coefficients.length; model++) {
      add(coefficients[model], inputs[model], out, length);
    }
  }

  private static void scale(double coefficient, double[] input, double[] out, int length) {
    for (int i = 0; i < length; i++) {
      out[i] = coefficient * input[i];
    }
  }

  private static void add(double coefficient, double[] input, double[] out, int length) {
    for (int i = 0; i < length; i++) {
      out[i] += coefficient * input[i];
    }
  }
}
