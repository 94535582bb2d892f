package io.hfmerge.hf.djl.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import io.hfmerge.hf.djl.Scalars;
import org.jspecify.annotations.Nullable;

/** Normalisation over the last axis, then an elementwise factor and perhaps an offset. */
public final class Normalization extends SequenceBlock {

  /** What is normalised, and how the factor is stored. */
  public enum Kind {
    /** {@code (x − mean) / √(variance + ε) · w + b}, biased variance (Ba et al. 2016). */
    LAYER,
    /** {@code x / √(mean(x²) + ε) · w} (Zhang and Sennrich 2019), as LLaMA has it. */
    RMS,
    /** {@code x / √(mean(x²) + ε) · (1 + w)}: Gemma's, whose stored weights are around 0. */
    RMS_ONE_PLUS
  }

  private final Kind kind;
  private final float epsilon;
  private final Parameter weight;
  private final @Nullable Parameter bias;

  /**
   * @param weight {@code [d]}
   * @param bias {@code [d]}; null for the RMS kinds
   */
  public Normalization(Kind kind, double epsilon, Parameter weight, @Nullable Parameter bias) {
    if ((kind == Kind.LAYER) != (bias != null)) {
      throw new IllegalArgumentException("a layer norm has a bias, an RMS norm has none");
    }
    this.kind = kind;
    this.epsilon = (float) epsilon;
    this.weight = addParameter(weight);
    this.bias = bias == null ? null : addParameter(bias);
  }

  @Override
  public NDArray apply(ForwardPass pass, NDArray input) {
    NDArray factor = pass.value(weight);
    if (bias != null) {
      Shape last = factor.getShape();
      return input
          .getNDArrayInternal()
          .layerNorm(input, last, factor, pass.value(bias), epsilon)
          .singletonOrThrow();
    }
    return ForwardPass.scoped(() -> rms(input, factor));
  }

  /** In f32 whatever the input's type: squares of f16 overflow from 256 on. */
  private NDArray rms(NDArray input, NDArray factor) {
    DataType type = input.getDataType();
    NDArray x = type == DataType.FLOAT32 ? input : input.toType(DataType.FLOAT32, false);
    NDArray inverse = x.square().mean(new int[] {-1}, true).add(epsilon).pow(Scalars.of(x, -0.5));
    NDArray normalised = x.mul(inverse);
    if (kind == Kind.RMS_ONE_PLUS) {
      NDArray onePlus = factor.toType(DataType.FLOAT32, false).add(1);
      return normalised.mul(onePlus).toType(type, false);
    }
    return normalised.toType(type, false).mul(factor);
  }
}
