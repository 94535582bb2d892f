package io.hfmerge.method;

import io.hfmerge.tensor.DType;

/**
 * {@code r = sum_i c_i x_i}, added from left to right.
 *
 * <p>Sums are F64; of two models F32, where {@link SumPrecision} allows it. Identical inputs and
 * coefficients that add up to 1 up to their rounding give each input back: the error is far below
 * half a step of the result.
 */
final class WeightedSumKernel implements TileKernel {

  private final double[] coefficients;

  private final boolean narrow;

  /**
   * @param coefficients one for each input
   * @param output dtype in which the result is stored; see {@link SumPrecision}
   */
  WeightedSumKernel(double[] coefficients, DType output) {
    this.narrow = SumPrecision.allowsFloat(output, coefficients);
    this.coefficients = coefficients.clone();
  }

  @Override
  public void merge(float[][] inputs, float[] out, int length, long firstElement) {
    switch (coefficients.length) {
      case 1 -> one(coefficients[0], inputs[0], out, length);
      case 2 -> {
        if (narrow) {
          two((float) coefficients[0], inputs[0], (float) coefficients[1], inputs[1], out, length);
        } else {
          two(coefficients[0], inputs[0], coefficients[1], inputs[1], out, length);
        }
      }
      default -> many(inputs, out, length);
    }
  }

  private static void one(double c, float[] x, float[] out, int length) {
    for (int i = 0; i < length; i++) {
      out[i] = (float) (c * x[i]);
    }
  }

  private static void two(double c, float[] x, double d, float[] y, float[] out, int length) {
    for (int i = 0; i < length; i++) {
      out[i] = (float) (c * x[i] + d * y[i]);
    }
  }

  private static void two(float c, float[] x, float d, float[] y, float[] out, int length) {
    for (int i = 0; i < length; i++) {
      out[i] = c * x[i] + d * y[i];
    }
  }

  private void many(float[][] inputs, float[] out, int length) {
    double[] sum = new double[length];
    scale(coefficients[0], inputs[0], sum, length);
    for (int model = 1; model < coefficients.length; model++) {
      add(coefficients[model], inputs[model], sum, length);
    }
    for (int i = 0; i < length; i++) {
      out[i] = (float) sum[i];
    }
  }

  private static void scale(double coefficient, float[] input, double[] sum, int length) {
    for (int i = 0; i < length; i++) {
      sum[i] = coefficient * input[i];
    }
  }

  private static void add(double coefficient, float[] input, double[] sum, int length) {
    for (int i = 0; i < length; i++) {
      sum[i] += coefficient * input[i];
    }
  }
}
