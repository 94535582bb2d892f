package io.hfmerge.hf.djl.model;

import ai.djl.Device;
import ai.djl.engine.Engine;
import io.hfmerge.error.UnsupportedFeatureException;
import java.util.Optional;

/**
 * How a model is loaded.
 *
 * @param device where it runs
 * @param precision type of weights and activations
 * @param task the head; empty for that of the config's class
 * @param extras whether tensors that the model has no place for are left out instead of refused
 */
public record LoadOptions(Device device, Precision precision, Optional<Task> task, boolean extras) {

  /** Type of weights and activations. DJL has no bfloat16. */
  public enum Precision {
    /** F32; on a GPU F16 where the weights are stored as F16. */
    AUTO,
    F32,
    /** On a GPU only: the CPU multiplies F16 about fifty times more slowly than F32. */
    F16
  }

  /** On the CPU. */
  public static LoadOptions cpu() {
    return on(Device.cpu());
  }

  /**
   * On the first GPU.
   *
   * @throws UnsupportedFeatureException if DJL finds none
   */
  public static LoadOptions gpu() {
    if (Engine.getEngine("PyTorch").getGpuCount() == 0) {
      throw new UnsupportedFeatureException(
          "no GPU: DJL's PyTorch engine finds none on this machine; run on the CPU");
    }
    return on(Device.gpu());
  }

  /** On a device, with the defaults of everything else. */
  public static LoadOptions on(Device device) {
    return new LoadOptions(device, Precision.AUTO, Optional.empty(), false);
  }

  /** The same with this head. */
  public LoadOptions task(Task head) {
    return new LoadOptions(device, precision, Optional.of(head), extras);
  }

  /** The same with this type. */
  public LoadOptions precision(Precision type) {
    return new LoadOptions(device, type, task, extras);
  }

  /** The same, leaving out tensors that the model has no place for, as transformers does. */
  public LoadOptions withoutExtras() {
    return new LoadOptions(device, precision, task, true);
  }
}
