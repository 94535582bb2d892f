package io.hfmerge.hf.djl.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import org.jspecify.annotations.Nullable;

/**
 * {@code y = x Wᵀ + b} over the last axis: {@code [..., in] → [..., out]}.
 *
 * <p>The weight stays in its stored orientation; a product reads either at the same speed.
 */
public final class LinearProjection extends SequenceBlock {

  private final Parameter weight;
  private final @Nullable Parameter bias;
  private final boolean transposed;

  /**
   * @param weight {@code [out, in]}, or {@code [in, out]} if transposed
   * @param bias {@code [out]}, or null
   * @param transposed whether the weight is stored as GPT-2's Conv1D
   */
  public LinearProjection(Parameter weight, @Nullable Parameter bias, boolean transposed) {
    this.weight = addParameter(weight);
    this.bias = bias == null ? null : addParameter(bias);
    this.transposed = transposed;
  }

  /** The matrix. */
  public Parameter weight() {
    return weight;
  }

  @Override
  public NDArray apply(ForwardPass pass, NDArray input) {
    NDArray matrix = pass.value(weight);
    NDArray offset = bias == null ? null : pass.value(bias);
    if (!transposed) {
      return linear(input, matrix, offset);
    }
    try (NDArray view = matrix.transpose()) {
      return linear(input, view, offset);
    }
  }

  @SuppressWarnings("NullAway") // DJL takes null for no bias and does not say so
  private static NDArray linear(NDArray input, NDArray matrix, @Nullable NDArray offset) {
    return input.getNDArrayInternal().linear(input, matrix, offset).singletonOrThrow();
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputShapes) {
    Shape matrix = weight.getShape();
    long out = transposed ? matrix.get(1) : matrix.get(0);
    Shape input = inputShapes[0];
    return new Shape[] {input.slice(0, input.dimension() - 1).add(out)};
  }
}
