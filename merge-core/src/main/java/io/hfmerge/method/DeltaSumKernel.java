package io.hfmerge.method;

import io.hfmerge.tensor.DType;

/**
 * {@code r = b + sum_i c_i (x_i - b)}, the sum added from left to right before the base. One and
 * two models, the usual cases, are merged in a single pass over the tile; the order of operations
 * is the same.
 *
 * <p>Sums are F64. For one and two models they are F32 where {@link SumPrecision} allows it.
 *
 * <p>Where the sum is zero the result is the base bit for bit, a negative zero included. An
 * infinity that base and model share gives NaN, as infinity minus infinity does.
 */
final class DeltaSumKernel implements TileKernel {

  private final int base;
  private final int[] models;
  private final double[] coefficients;
  private final boolean narrow;

  /**
   * @param base index of the base among the inputs
   * @param models indices of the others
   * @param coefficients one for each of {@code models}
   * @param output dtype in which the result is stored; see {@link SumPrecision}
   */
  DeltaSumKernel(int base, int[] models, double[] coefficients, DType output) {
    this.narrow = SumPrecision.allowsFloat(output, coefficients);
    this.base = base;
    this.models = models.clone();
    this.coefficients = coefficients.clone();
  }

  @Override
  public void merge(float[][] inputs, float[] out, int length, long firstElement) {
    float[] b = inputs[base];
    switch (models.length) {
      case 0 -> System.arraycopy(b, 0, out, 0, length);
      case 1 -> {
        if (narrow) {
          one((float) coefficients[0], inputs[models[0]], b, out, length);
        } else {
          one(coefficients[0], inputs[models[0]], b, out, length);
        }
      }
      case 2 -> {
        float[] x = inputs[models[0]];
        float[] y = inputs[models[1]];
        if (narrow) {
          two((float) coefficients[0], x, (float) coefficients[1], y, b, out, length);
        } else {
          two(coefficients[0], x, coefficients[1], y, b, out, length);
        }
      }
      default -> many(inputs, b, out, length);
    }
  }

  // subtracting from positive zero first makes either zero positive, and b - (+0) is b

  private static void one(double c, float[] x, float[] base, float[] out, int length) {
    for (int i = 0; i < length; i++) {
      double b = base[i];
      out[i] = (float) (b - (0.0 - c * (x[i] - b)));
    }
  }

  private static void two(
      double c, float[] x, double d, float[] y, float[] base, float[] out, int length) {
    for (int i = 0; i < length; i++) {
      double b = base[i];
      out[i] = (float) (b - (0.0 - (c * (x[i] - b) + d * (y[i] - b))));
    }
  }

  private static void one(float c, float[] x, float[] base, float[] out, int length) {
    for (int i = 0; i < length; i++) {
      out[i] = base[i] - (0f - c * (x[i] - base[i]));
    }
  }

  private static void two(
      float c, float[] x, float d, float[] y, float[] base, float[] out, int length) {
    for (int i = 0; i < length; i++) {
      out[i] = base[i] - (0f - (c * (x[i] - base[i]) + d * (y[i] - base[i])));
    }
  }

  private void many(float[][] inputs, float[] b, float[] out, int length) {
    double[] sum = new double[length];
    for (int i = 0; i < models.length; i++) {
      add(coefficients[i], inputs[models[i]], b, sum, length);
    }
    for (int i = 0; i < length; i++) {
      out[i] = (float) (b[i] - (0.0 - sum[i]));
    }
  }

  private static void add(
      double coefficient, float[] input, float[] base, double[] sum, int length) {
    for (int i = 0; i < length; i++) {
      double b = base[i];
      sum[i] += coefficient * (input[i] - b);
    }
  }
}
