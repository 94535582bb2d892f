package io.hfmerge.hf.djl.block;

import ai.djl.ndarray.NDArray;
import io.hfmerge.hf.djl.block.ActivationListener.Reader;
import org.jspecify.annotations.Nullable;

/**
 * The MLP of a layer: {@code W₂ act(W₁ x)}, or gated, {@code W₂ (act(G x) ⊙ (W₁ x))}; {@code [B, T,
 * d] → [B, T, d]}.
 */
public final class FeedForward extends SequenceBlock {

  private final @Nullable LinearProjection gate;
  private final LinearProjection up;
  private final LinearProjection down;
  private final Activation activation;

  /**
   * @param gate the gate projection, or null for an MLP without gate
   */
  public FeedForward(
      @Nullable LinearProjection gate,
      LinearProjection up,
      LinearProjection down,
      Activation activation) {
    this.gate = gate == null ? null : addChildBlock("Gate", gate);
    this.up = addChildBlock("Up", up);
    this.down = addChildBlock("Down", down);
    this.activation = activation;
  }

  @Override
  public NDArray apply(ForwardPass pass, NDArray input) {
    return ForwardPass.scoped(() -> {
      pass.reads(Reader.MLP_INPUT, input);
      NDArray wide = up.apply(pass, input);
      NDArray active =
          gate == null
              ? activation.apply(wide, null, !pass.training())
              : activation.apply(gate.apply(pass, input), wide, !pass.training());
      pass.reads(Reader.MLP_OUTPUT, active);
      return down.apply(pass, active);
    });
  }
}
