package io.hfmerge.hf.testing;

import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorCodec;
import io.hfmerge.tensor.TensorSpec;
import java.lang.foreign.MemorySegment;

/** A tensor with its bytes, held in memory. */
public final class StoredTensor {

  private final TensorSpec spec;
  private final byte[] bytes;

  public StoredTensor(TensorSpec spec, byte[] bytes) {
    this.spec = spec;
    this.bytes = bytes.clone();
  }

  /** Values stored as {@code dtype}. */
  public static StoredTensor of(String name, DType dtype, Shape shape, double... values) {
    TensorSpec spec = new TensorSpec(name, dtype, shape);
    byte[] bytes = new byte[Math.toIntExact(spec.sizeBytes())];
    TensorCodec.encode(dtype, values, MemorySegment.ofArray(bytes), 0, values.length);
    return new StoredTensor(spec, bytes);
  }

  public String name() {
    return spec.name();
  }

  public TensorSpec spec() {
    return spec;
  }

  public byte[] bytes() {
    return bytes.clone();
  }

  /** The elements of a float tensor. */
  public double[] values() {
    double[] values = new double[Math.toIntExact(spec.elements())];
    TensorCodec.decode(spec.dtype(), MemorySegment.ofArray(bytes), 0, values, values.length);
    return values;
  }

  /** The same values under another name. */
  public StoredTensor named(String name) {
    return new StoredTensor(new TensorSpec(name, spec.dtype(), spec.shape()), bytes);
  }

  /** The same values, rounded to another dtype; tensors of whole numbers as they are. */
  public StoredTensor as(DType dtype) {
    return spec.dtype().isFloat() ? of(name(), dtype, spec.shape(), values()) : this;
  }
}
