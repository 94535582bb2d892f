package io.hfmerge.method;

/**
 * {@code r = b + sum_i c_i (x_i - b)}, the sum added from left to right before the base. One and
 * two models, the usual cases, are merged in a single pass over the tile; the order of operations
 * is the same.
 *
 * <p>Where the sum is zero the result is the base bit for bit, a negative zero included. An
 * infinity that base and model share gives NaN, as infinity minus infinity does.
 */
final class DeltaSumKernel implements TileKernel {

  private final int base;
  private final int[] models;
  private final double[] coefficients;

  /**
   * @param base index of the base among the inputs
   * @param models indices of the others
   * @param coefficients one for each of {@code models}
   */
  DeltaSumKernel(int base, int[] models, double[] coefficients) {
    this.base = base;
    this.models = models.clone();
    this.coefficients = coefficients.clone();
  }

  @Override
  public void merge(double[][] inputs, double[] out, int length, long firstElement) {
    double[] b = inputs[base];
    if (models.length == 0) {
      System.arraycopy(b, 0, out, 0, length);
      return;
    }
    int last = models.length - 1;
    if (last == 0) {
      one(coefficients[0], inputs[models[0]], b, out, length);
    } else if (last == 1) {
      two(coefficients[0], inputs[models[0]], coefficients[1], inputs[models[1]], b, out, length);
    } else {
      scale(coefficients[0], inputs[models[0]], b, out, length);
      for (int i = 1; i <= last; i++) {
        add(coefficients[i], inputs[models[i]], b, out, length);
      }
      addBase(b, out, length);
    }
  }

  private static void one(double c, double[] x, double[] base, double[] out, int length) {
    for (int i = 0; i < length; i++) {
      out[i] = base[i] - (0.0 - c * (x[i] - base[i]));
    }
  }

  private static void two(
      double c, double[] x, double d, double[] y, double[] base, double[] out, int length) {
    for (int i = 0; i < length; i++) {
      out[i] = base[i] - (0.0 - (c * (x[i] - base[i]) + d * (y[i] - base[i])));
    }
  }

  private static void scale(
      double coefficient, double[] input, double[] base, double[] out, int length) {
    for (int i = 0; i < length; i++) {
      out[i] = coefficient * (input[i] - base[i]);
    }
  }

  private static void add(
      double coefficient, double[] input, double[] base, double[] out, int length) {
    for (int i = 0; i < length; i++) {
      out[i] += coefficient * (input[i] - base[i]);
    }
  }

  /** Subtracting from positive zero first makes either zero positive, and b - (+0) is b. */
  private static void addBase(double[] base, double[] out, int length) {
    for (int i = 0; i < length; i++) {
      out[i] = base[i] - (0.0 - out[i]);
    }
  }
}
