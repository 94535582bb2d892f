package io.hfmerge.hf.djl.activation;

/** Activations of some tokens, a row each; row-major F32. */
public final class Rows {

  private final float[] values;
  private final int columns;

  /**
   * @param values row by row; kept, not copied
   * @param columns width of a row, of which {@code values} are whole ones
   */
  public Rows(float[] values, int columns) {
    if (columns < 1 || values.length % columns != 0) {
      throw new IllegalArgumentException(
          "expected whole rows of %d values, found %d values".formatted(columns, values.length));
    }
    this.values = values;
    this.columns = columns;
  }

  /** Number of tokens. */
  public int rows() {
    return values.length / columns;
  }

  /** Width. */
  public int columns() {
    return columns;
  }

  /** All values as F64; a new array. */
  public double[] toDoubles() {
    double[] wide = new double[values.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = values[i];
    }
    return wide;
  }
}
