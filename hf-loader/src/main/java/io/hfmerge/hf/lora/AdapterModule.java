package io.hfmerge.hf.lora;

import io.hfmerge.tensor.TensorSpec;
import java.util.Optional;

/**
 * A module with a low-rank update Δ = scale · B A, of shape {@code [out, in]}.
 *
 * @param name the module in the model that the adapter was trained on
 * @param embedding whether it is an embedding, whose weight {@code [in, out]} gets Δᵀ
 * @param a A, {@code [rank, in]}; of a convolution {@code [rank, in, k, ...]}
 * @param b B, {@code [out, rank]}; of a convolution {@code [out, rank, 1, ...]}
 * @param magnitude DoRA's magnitudes, {@code out} of them
 * @param bias what is added to the module's bias, times the scale: {@code [out]}
 * @param rank number of rows of A
 * @param scale alpha over rank
 */
public record AdapterModule(
    String name,
    boolean embedding,
    TensorSpec a,
    TensorSpec b,
    Optional<TensorSpec> magnitude,
    Optional<TensorSpec> bias,
    int rank,
    double scale) {

  /** Rows of Δ. */
  public long out() {
    return b.shape().dimension(0);
  }

  /** Columns of Δ; of a convolution those of its kernels too. */
  public long in() {
    return a.elements() / rank;
  }

  /** Whether A is a matrix: not of a convolution. */
  public boolean isMatrix() {
    return a.shape().rank() == 2;
  }
}
