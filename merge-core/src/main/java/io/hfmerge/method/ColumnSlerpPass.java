package io.hfmerge.method;

/**
 * Interpolates two inputs, or their differences to a base, along the first dimension: one pass sums
 * the products of each column, the kernel then combines each with coefficients of its own. NaN or
 * infinity makes its column NaN.
 *
 * <p>Memory: three F64 sums per column and partial result.
 */
final class ColumnSlerpPass implements StatisticsPass<double[][]> {

  /** Rows in a segment at least, so that partial results are small against what they sum. */
  private static final long LEAST_ROWS = 64;

  private final int[] models;
  private final int origin;
  private final int columns;
  private final NuslerpMethod.Interpolation interpolation;

  ColumnSlerpPass(
      int[] models, int origin, int columns, NuslerpMethod.Interpolation interpolation) {
    this.models = models.clone();
    this.origin = origin;
    this.columns = columns;
    this.interpolation = interpolation;
  }

  @Override
  public double[][] newPartial() {
    return new double[3][columns];
  }

  @Override
  public void accept(double[][] partial, float[][] inputs, int length, long firstElement) {
    float[] x = inputs[models[0]];
    float[] y = inputs[models[1]];
    int column = (int) (firstElement % columns);
    for (int done = 0; done < length; ) {
      int run = Math.min(columns - column, length - done);
      if (origin == TensorContext.NO_BASE) {
        sum(x, y, done, partial, column, run);
      } else {
        sumDifferences(x, y, inputs[origin], done, partial, column, run);
      }
      done += run;
      column = 0;
    }
  }

  private static void sum(
      float[] x, float[] y, int offset, double[][] sums, int column, int length) {
    double[] xx = sums[0];
    double[] xy = sums[1];
    double[] yy = sums[2];
    for (int i = 0; i < length; i++) {
      double a = x[offset + i];
      double b = y[offset + i];
      xx[column + i] += a * a;
      xy[column + i] += a * b;
      yy[column + i] += b * b;
    }
  }

  private static void sumDifferences(
      float[] x, float[] y, float[] base, int offset, double[][] sums, int column, int length) {
    double[] xx = sums[0];
    double[] xy = sums[1];
    double[] yy = sums[2];
    for (int i = 0; i < length; i++) {
      double a = (double) x[offset + i] - base[offset + i];
      double b = (double) y[offset + i] - base[offset + i];
      xx[column + i] += a * a;
      xy[column + i] += a * b;
      yy[column + i] += b * b;
    }
  }

  @Override
  public double[][] fold(double[][] before, double[][] next) {
    for (int s = 0; s < before.length; s++) {
      for (int column = 0; column < columns; column++) {
        before[s][column] += next[s][column];
      }
    }
    return before;
  }

  @Override
  public TensorMerge next(double[][] all) {
    double[] first = new double[columns];
    double[] second = new double[columns];
    double[] totals = new double[all.length];
    RowRemarks remarks = new RowRemarks("some columns");
    for (int column = 0; column < columns; column++) {
      for (int s = 0; s < totals.length; s++) {
        totals[s] = all[s][column];
      }
      Slerp slerp = interpolation.of(GramMatrix.of(models.length, totals), remarks.found());
      first[column] = slerp.first();
      second[column] = slerp.second();
    }
    TileKernel kernel =
        (inputs, out, length, firstElement) -> {
          int column = (int) (firstElement % columns);
          for (int done = 0; done < length; ) {
            int run = Math.min(columns - column, length - done);
            if (origin == TensorContext.NO_BASE) {
              combine(inputs, first, second, column, out, done, run);
            } else {
              add(inputs, first, second, column, out, done, run);
            }
            done += run;
            column = 0;
          }
        };
    return kernel.withRemarks(remarks.texts());
  }

  private void combine(
      float[][] inputs,
      double[] first,
      double[] second,
      int column,
      float[] out,
      int offset,
      int length) {
    float[] x = inputs[models[0]];
    float[] y = inputs[models[1]];
    for (int i = 0; i < length; i++) {
      out[offset + i] =
          (float) (first[column + i] * x[offset + i] + second[column + i] * y[offset + i]);
    }
  }

  private void add(
      float[][] inputs,
      double[] first,
      double[] second,
      int column,
      float[] out,
      int offset,
      int length) {
    float[] x = inputs[models[0]];
    float[] y = inputs[models[1]];
    float[] base = inputs[origin];
    for (int i = 0; i < length; i++) {
      double b = base[offset + i];
      out[offset + i] =
          (float)
              (b
                  + (first[column + i] * (x[offset + i] - b)
                      + second[column + i] * (y[offset + i] - b)));
    }
  }

  @Override
  public long segmentElements() {
    return Math.max(DEFAULT_SEGMENT_ELEMENTS, LEAST_ROWS * columns);
  }

  @Override
  public long partialBytes() {
    return 3L * Double.BYTES * columns;
  }
}
