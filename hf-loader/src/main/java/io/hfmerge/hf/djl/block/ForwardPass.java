package io.hfmerge.hf.djl.block;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDScope;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
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
 */
public record ForwardPass(
    ParameterStore store,
    Device device,
    boolean training,
    AttentionMask mask,
    RotaryEmbedding.@Nullable Rotation rotation,
    @Nullable KeyValueCache cache) {

  /** A pass without mask, positions and cache, as single blocks run it. */
  public static ForwardPass plain(ParameterStore store, Device device, boolean training) {
    return new ForwardPass(store, device, training, AttentionMask.NONE, null, null);
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
