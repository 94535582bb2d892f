package io.hfmerge.method;

import java.util.Arrays;
import java.util.List;

/** {@link ModelStockMethod} with a ratio for each row. NaN or infinity makes its row NaN. */
final class RowStockKernel implements TileKernel {

  private final int[] models;
  private final int base;
  private final int columns;
  private final double leastProduct;
  private final ThreadLocal<Scratch> scratch;
  private final RowRemarks remarks = new RowRemarks("some rows");

  private static final class Scratch {
    private final InnerProducts products;
    private final double[] sum;

    Scratch(InnerProducts products, double[] sum) {
      this.products = products;
      this.sum = sum;
    }
  }

  RowStockKernel(int[] models, int base, int columns, double leastProduct) {
    this.models = models.clone();
    this.base = base;
    this.columns = columns;
    this.leastProduct = leastProduct;
    this.scratch =
        ThreadLocal.withInitial(() ->
            new Scratch(
                new InnerProducts(models, base, GramMatrix.sums(models.length)),
                new double[columns]));
  }

  @Override
  public int granuleElements() {
    return columns;
  }

  @Override
  public long scratchBytes(int tileElements) {
    return (long) Double.BYTES * columns;
  }

  @Override
  public void merge(float[][] inputs, float[] out, int length, long firstElement) {
    InnerProducts products = scratch.get().products;
    double[] sum = scratch.get().sum;
    for (int row = 0; row < length; row += columns) {
      products.add(inputs, row, columns);
      GramMatrix gram = GramMatrix.of(models.length, products.takeTotals());
      double share = ModelStockMethod.shares(gram, leastProduct, remarks.found())[0];
      Arrays.fill(sum, 0);
      for (int model : models) {
        add(inputs[model], inputs[base], row, sum);
      }
      finish(share, inputs[base], row, sum, out);
    }
  }

  @Override
  public List<String> remarks() {
    return remarks.texts();
  }

  private static void add(float[] input, float[] base, int offset, double[] sum) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += (double) input[offset + i] - base[offset + i];
    }
  }

  private static void finish(double share, float[] base, int offset, double[] sum, float[] out) {
    for (int i = 0; i < sum.length; i++) {
      out[offset + i] = (float) (base[offset + i] + share * sum[i]);
    }
  }
}
