package io.hfmerge.hf.djl.block;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDScope;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.hfmerge.hf.djl.block.ActivationListener.Reader;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the layers of one forward pass share.
 *
 * @param store where parameters' values are
 * @param device device of the inputs
 * @param training whether gradients are wanted; if not, intermediate results are overwritten in
 *     place where that saves memory traffic
 * @param mask which keys each query sees
 * @param rotation rotary tables of the positions; null where nothing rotates
 * @param cache keys and values of earlier tokens, extended by each layer; null without a cache
 * @param inputs hears of the inputs of the matrices of the layer that runs; null without a listener
 */
public record ForwardPass(
    ParameterStore store,
    Device device,
    boolean training,
    AttentionMask mask,
    RotaryEmbedding.@Nullable Rotation rotation,
    @Nullable KeyValueCache cache,
    @Nullable Inputs inputs) {

  /** Hears of the inputs of one layer's matrices. */
  @FunctionalInterface
  interface Inputs {
    void heard(Reader reader, NDArray input);
  }

  /** A pass without mask, positions and cache, as single blocks run it. */
  public static ForwardPass plain(ParameterStore store, Device device, boolean training) {
    return new ForwardPass(store, device, training, AttentionMask.NONE, null, null, null);
  }

  /** The same pass in a layer whose inputs a listener wants to hear of, or null. */
  ForwardPass in(int layer, @Nullable ActivationListener listener) {
    return listener == null
        ? this
        : new ForwardPass(
            store,
            device,
            training,
            mask,
            rotation,
            cache,
            (reader, input) -> listener.input(layer, reader, input));
  }

  /** Tells the listener, if there is one. */
  void reads(Reader reader, NDArray input) {
    if (inputs != null) {
      inputs.heard(reader, input);
    }
  }

  /** The value of a parameter on the device of this pass. */
  NDArray value(Parameter parameter) {
    NDArray value = store.getValue(parameter, device, training);
    // a store may copy on first use, and the copy is the store's, not a scope's
    NDScope.unregister(value);
    return value;
  }

  /** Computes an array and closes every other that is made on the way. */
  static NDArray scoped(Supplier<NDArray> computation) {
    NDArray result;
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      result = computation.get();
      NDScope.unregister(result);
    }
    NDScope.register(result);
    return result;
  }
}
