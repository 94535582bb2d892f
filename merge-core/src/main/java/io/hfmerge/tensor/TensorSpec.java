package io.hfmerge.tensor;

/**
 * What is known of a tensor without its data.
 *
 * @param name full name in the checkpoint
 * @param dtype element type as stored
 * @param shape dimensions as stored
 */
public record TensorSpec(String name, DType dtype, Shape shape) {

  /** Number of elements. */
  public long elements() {
    return shape.elements();
  }

  /** Size of the data in bytes. */
  public long sizeBytes() {
    return dtype.sizeBytes(shape.elements());
  }

  /** As in {@code F32[768, 2304]}. */
  public String describe() {
    return dtype + shape.toString();
  }
}
