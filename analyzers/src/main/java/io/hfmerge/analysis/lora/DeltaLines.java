package io.hfmerge.analysis.lora;

import io.hfmerge.analysis.matrix.MatrixSource;
import io.hfmerge.analysis.matrix.Orientation;
import io.hfmerge.analysis.spectral.LineSource;

/** The difference of two matrices of one shape, by its long lines, in f64. */
final class DeltaLines implements LineSource {

  private final MatrixSource base;
  private final MatrixSource model;
  private final Orientation orientation;
  private double[] other = new double[0];

  DeltaLines(MatrixSource base, MatrixSource model) {
    this.base = base;
    this.model = model;
    this.orientation = base.longWay();
  }

  @Override
  public int count() {
    return base.longSide();
  }

  @Override
  public int length() {
    return base.shortSide();
  }

  @Override
  public boolean columns() {
    return orientation == Orientation.COLUMNS;
  }

  @Override
  public void read(int first, int some, double[] target) {
    int numbers = some * length();
    if (other.length < numbers) {
      other = new double[numbers];
    }
    model.read(orientation, first, some, target, length());
    base.read(orientation, first, some, other, length());
    for (int i = 0; i < numbers; i++) {
      target[i] -= other[i];
    }
  }
}
