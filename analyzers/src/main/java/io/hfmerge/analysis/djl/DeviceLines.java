package io.hfmerge.analysis.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.hfmerge.analysis.matrix.MatrixSource;
import io.hfmerge.analysis.spectral.BlockLanczos;
import io.hfmerge.analysis.spectral.NormalOperator;
import java.util.ArrayList;
import java.util.List;

/** A matrix on a device in f32, cut the long way, as the operator that Lanczos sees. */
final class DeviceLines implements NormalOperator {

  /** Strides of blocks are multiples of this. */
  private static final int LANES = 64;

  /** Floats in a chunk: 256 MiB. */
  private static final int CHUNK_FLOATS = 1 << 26;

  /** Host floats in a piece whose sum of squares is taken while it is still in the cache. */
  private static final int SIZE_LIMIT = Integer.MAX_VALUE - 64;

  private final NDManager manager;
  private final int size;
  private final int stride;
  private final List<NDArray> chunks = new ArrayList<>();
  private double squares;

  /** Copies the matrix to the device of the manager, which owns the copy. */
  DeviceLines(MatrixSource source, NDManager manager) {
    this.manager = manager;
    this.size = source.shortSide();
    this.stride = Math.ceilDiv(size, LANES) * LANES;
    if (stride > SIZE_LIMIT / BlockLanczos.BLOCK_WIDTH) {
      throw new IllegalArgumentException("lines of " + size + " are too long");
    }
    int count = Math.min(Math.max(1, CHUNK_FLOATS / stride), source.longSide());
    float[] lines = new float[count * stride];
    for (int first = 0; first < source.longSide(); first += count) {
      int some = Math.min(count, source.longSide() - first);
      float[] part = some == count ? lines : new float[some * stride];
      source.read(source.longWay(), first, some, part, stride);
      for (float value : part) {
        squares += (double) value * value;
      }
      chunks.add(manager.create(part, new Shape(some, stride)));
    }
  }

  /** The sum of squares of all elements; NaN or infinite if one is. */
  double squares() {
    return squares;
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public int stride() {
    return stride;
  }

  @Override
  public void multiply(float[] v, float[] w) {
    try (NDManager scope = manager.newSubManager()) {
      NDArray block = scope.create(v, new Shape(BlockLanczos.BLOCK_WIDTH, stride));
      NDArray total = scope.zeros(new Shape(BlockLanczos.BLOCK_WIDTH, stride), DataType.FLOAT32);
      for (NDArray lines : chunks) {
        NDArray along = block.matMul(lines.transpose());
        along.attach(scope);
        NDArray product = along.matMul(lines);
        product.attach(scope);
        total.addi(product);
      }
      System.arraycopy(total.toFloatArray(), 0, w, 0, w.length);
    }
  }

  @Override
  public double multiplyExact(double[] v, double[] w) {
    try (NDManager scope = manager.newSubManager()) {
      NDArray vector = scope.create(v, new Shape(stride, 1));
      NDArray total = scope.zeros(new Shape(stride, 1), DataType.FLOAT64);
      double sum = 0;
      for (NDArray lines : chunks) {
        try (NDManager inner = scope.newSubManager()) {
          NDArray exact = lines.toType(DataType.FLOAT64, true);
          exact.attach(inner);
          NDArray along = exact.matMul(vector);
          along.attach(inner);
          for (double dot : along.toDoubleArray()) {
            sum += dot * dot;
          }
          NDArray product = exact.transpose().matMul(along);
          product.attach(inner);
          total.addi(product);
        }
      }
      System.arraycopy(total.toDoubleArray(), 0, w, 0, w.length);
      return sum;
    }
  }
}
