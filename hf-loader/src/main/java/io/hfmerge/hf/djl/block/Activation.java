package io.hfmerge.hf.djl.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.index.NDIndex;
import io.hfmerge.hf.djl.Scalars;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Activation functions by the names that configs use. */
public enum Activation {
  /** {@code x Φ(x)}, with the error function. */
  GELU,
  /** {@code ½ x (1 + tanh(√(2/π) (x + 0.044715 x³)))}. */
  GELU_TANH,
  /** {@code x σ(1.702 x)}. */
  QUICK_GELU,
  /** {@code x σ(x)}. */
  SILU,
  RELU,
  TANH;

  private static final Map<String, Activation> BY_NAME =
      Map.ofEntries(
          Map.entry("gelu", GELU),
          Map.entry("gelu_python", GELU),
          Map.entry("gelu_new", GELU_TANH),
          Map.entry("gelu_fast", GELU_TANH),
          Map.entry("gelu_pytorch_tanh", GELU_TANH),
          Map.entry("quick_gelu", QUICK_GELU),
          Map.entry("silu", SILU),
          Map.entry("swish", SILU),
          Map.entry("relu", RELU),
          Map.entry("tanh", TANH));

  /** {@code 2 √(2/π)}: {@code ½ (1 + tanh u) = σ(2 u)}. */
  private static final double TANH_FACTOR = 2 * Math.sqrt(2 / Math.PI);

  private static final double CUBIC = 0.044715;

  private static final double QUICK_FACTOR = 1.702;

  /** Rows computed at a time without gradients: temporary arrays stay in the cache. */
  private static final long TILE_ELEMENTS = 1 << 17;

  /** The function of a config's name. */
  public static Optional<Activation> find(String name) {
    return Optional.ofNullable(BY_NAME.get(name));
  }

  /**
   * Applies the function, and multiplies by a factor if there is one.
   *
   * @param input {@code [..., n]}
   * @param factor of the same shape, or null
   * @param overwrite whether the input may be changed, which saves memory traffic
   */
  NDArray apply(NDArray input, @Nullable NDArray factor, boolean overwrite) {
    if (overwrite && isGated()) {
      overwrite(input, factor);
      return input;
    }
    return ForwardPass.scoped(() -> {
      NDArray output = isGated() ? input.mul(gate(input, false)) : plain(input);
      return factor == null ? output : output.mul(factor);
    });
  }

  /** Whether the function is {@code x σ(...)}. */
  private boolean isGated() {
    return switch (this) {
      case GELU_TANH, QUICK_GELU, SILU -> true;
      case GELU, RELU, TANH -> false;
    };
  }

  private NDArray plain(NDArray input) {
    return switch (this) {
      case GELU -> input.getNDArrayInternal().gelu();
      case RELU -> input.getNDArrayInternal().relu();
      case TANH -> input.getNDArrayInternal().tanh();
      case GELU_TANH, QUICK_GELU, SILU -> throw new IllegalStateException(name());
    };
  }

  private void overwrite(NDArray input, @Nullable NDArray factor) {
    long width = input.getShape().get(input.getShape().dimension() - 1);
    long rows = width == 0 ? 0 : input.size() / width;
    long tile = Math.max(1, TILE_ELEMENTS / Math.max(1, width));
    for (long first = 0; first < rows; first += tile) {
      NDIndex place = new NDIndex().addSliceDim(first, Math.min(rows, first + tile));
      try (NDScope scope = new NDScope()) {
        scope.suppressNotUsedWarning();
        NDArray part = input.reshape(rows, width).get(place);
        part.muli(gate(part, true));
        if (factor != null) {
          part.muli(factor.reshape(rows, width).get(place));
        }
      }
    }
  }

  /** {@code σ(g(x))} of a function {@code x σ(g(x))}. */
  private NDArray gate(NDArray x, boolean overwrite) {
    NDArray argument =
        switch (this) {
          case GELU_TANH -> {
            NDArray square = x.square();
            yield overwrite
                ? square.muli(TANH_FACTOR * CUBIC).addi(TANH_FACTOR).muli(x)
                : square.mul(Scalars.of(x, TANH_FACTOR * CUBIC)).add(TANH_FACTOR).mul(x);
          }
          case QUICK_GELU -> x.mul(Scalars.of(x, QUICK_FACTOR));
          case SILU -> x;
          case GELU, RELU, TANH -> throw new IllegalStateException(name());
        };
    return argument.getNDArrayInternal().sigmoid();
  }
}
