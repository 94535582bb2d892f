package io.hfmerge.method;

import java.util.List;

/**
 * Interpolates each row of two inputs, or of their differences to a base, by its own angle. NaN or
 * infinity makes its row NaN.
 */
final class RowSlerpKernel implements TileKernel {

  private final int[] models;
  private final int origin;
  private final int columns;
  private final NuslerpMethod.Interpolation interpolation;
  private final ThreadLocal<InnerProducts> products;
  private final RowRemarks remarks = new RowRemarks("some rows");

  RowSlerpKernel(int[] models, int origin, int columns, NuslerpMethod.Interpolation interpolation) {
    this.models = models.clone();
    this.origin = origin;
    this.columns = columns;
    this.interpolation = interpolation;
    this.products =
        ThreadLocal.withInitial(
            () -> new InnerProducts(models, origin, GramMatrix.sums(models.length)));
  }

  @Override
  public int granuleElements() {
    return columns;
  }

  @Override
  public void merge(float[][] inputs, float[] out, int length, long firstElement) {
    InnerProducts sums = products.get();
    for (int row = 0; row < length; row += columns) {
      sums.add(inputs, row, columns);
      GramMatrix gram = GramMatrix.of(models.length, sums.takeTotals());
      Slerp slerp = interpolation.of(gram, remarks.found());
      float[] x = inputs[models[0]];
      float[] y = inputs[models[1]];
      if (origin == TensorContext.NO_BASE) {
        combine(slerp.first(), x, slerp.second(), y, out, row, row + columns);
      } else {
        add(slerp.first(), x, slerp.second(), y, inputs[origin], out, row, row + columns);
      }
    }
  }

  @Override
  public List<String> remarks() {
    return remarks.texts();
  }

  private static void combine(
      double c, float[] x, double d, float[] y, float[] out, int from, int to) {
    for (int i = from; i < to; i++) {
      out[i] = (float) (c * x[i] + d * y[i]);
    }
  }

  private static void add(
      double c, float[] x, double d, float[] y, float[] base, float[] out, int from, int to) {
    for (int i = from; i < to; i++) {
      double b = base[i];
      out[i] = (float) (b + (c * (x[i] - b) + d * (y[i] - b)));
    }
  }
}
