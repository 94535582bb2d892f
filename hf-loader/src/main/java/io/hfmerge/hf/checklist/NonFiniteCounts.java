package io.hfmerge.hf.checklist;

import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorCodec;
import io.hfmerge.tensor.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Counts elements that are NaN or infinite, in bytes of tensors that arrive in pieces and in any
 * order. Thread-safe.
 */
public final class NonFiniteCounts {

  private static final int TILE_ELEMENTS = 1 << 12;

  private final List<TensorSpec> tensors;
  private final AtomicLongArray counts;

  /**
   * @param tensors of float dtypes
   */
  public NonFiniteCounts(List<TensorSpec> tensors) {
    this.tensors = List.copyOf(tensors);
    this.counts = new AtomicLongArray(tensors.size());
  }

  /**
   * Counts those of a piece.
   *
   * @param tensor index of the tensor
   * @param bytes whole elements of it
   */
  public void add(int tensor, MemorySegment bytes) {
    DType dtype = tensors.get(tensor).dtype();
    long elements = bytes.byteSize() / dtype.bytes();
    int tile = (int) Math.min(TILE_ELEMENTS, elements);
    float[] values = new float[dtype == DType.F64 ? 0 : tile];
    double[] wideValues = new double[dtype == DType.F64 ? tile : 0];
    long count = 0;
    for (long at = 0; at < elements; at += TILE_ELEMENTS) {
      int length = (int) Math.min(TILE_ELEMENTS, elements - at);
      if (dtype == DType.F64) {
        TensorCodec.decode(dtype, bytes, at * dtype.bytes(), wideValues, length);
        count += count(wideValues, length);
      } else {
        TensorCodec.decode(dtype, bytes, at * dtype.bytes(), values, 0, length);
        count += count(values, length);
      }
    }
    if (count > 0) {
      counts.addAndGet(tensor, count);
    }
  }

  /** Number of elements that are not finite by tensor, for those that have any. */
  public Map<TensorSpec, Long> found() {
    Map<TensorSpec, Long> found = new LinkedHashMap<>();
    for (int i = 0; i < tensors.size(); i++) {
      if (counts.get(i) > 0) {
        found.put(tensors.get(i), counts.get(i));
      }
    }
    return found;
  }

  /** By exponent bits, which vectorises. */
  private static long count(float[] values, int length) {
    int count = 0;
    for (int i = 0; i < length; i++) {
      count += (Float.floatToRawIntBits(values[i]) & 0x7f80_0000) == 0x7f80_0000 ? 1 : 0;
    }
    return count;
  }

  private static long count(double[] values, int length) {
    int count = 0;
    for (int i = 0; i < length; i++) {
      count += Double.isFinite(values[i]) ? 0 : 1;
    }
    return count;
  }
}
