package io.hfmerge.hf.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/**
 * Numbers as arrays, for what gradients are taken of.
 *
 * <p>DJL's operations with a {@link Number} lend the number's Java memory to PyTorch and let go of
 * it at once. {@code mul}, {@code div}, {@code pow}, {@code maximum} and {@code minimum} keep it
 * for the way back, which then reads memory that the garbage collector may have freed in between: a
 * gradient is wrong now and then. Of {@code add} and {@code sub} nothing is kept.
 */
public final class Scalars {

  private Scalars() {}

  /**
   * A number in the engine's own memory, which lives for as long as autograd needs it, whether or
   * not the array is closed.
   *
   * @param like an array on the same device
   * @return an array without dimensions, of F64: operations keep the type of the other operand
   */
  public static NDArray of(NDArray like, double value) {
    return like.getManager().zeros(new Shape(), DataType.FLOAT64).addi(value);
  }
}
