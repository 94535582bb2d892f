package io.hfmerge.hf.djl.block;

import ai.djl.ndarray.NDArray;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Attention and MLP around the residual stream; {@code [B, T, d] → [B, T, d]}. */
public final class TransformerLayer extends SequenceBlock {

  /** Where the norms are. */
  public enum Arrangement {
    /** {@code x = N₁(x + A(x)); x = N₂(x + M(x))} (BERT). */
    POST_NORM,
    /** {@code x = x + A(N₁ x); x = x + M(N₂ x)} (GPT-2, LLaMA). */
    SEQUENTIAL,
    /** {@code x = x + A(N₁ x) + M(N₂ x)}, with one norm {@code N₁} for both where N₂ is absent. */
    PARALLEL
  }

  private final Arrangement arrangement;
  private final Normalization attentionNorm;
  private final Attention attention;
  private final @Nullable Normalization mlpNorm;
  private final FeedForward mlp;

  /**
   * @param attentionNorm N₁
   * @param mlpNorm N₂; null only in a parallel layer with one norm
   */
  public TransformerLayer(
      Arrangement arrangement,
      Normalization attentionNorm,
      Attention attention,
      @Nullable Normalization mlpNorm,
      FeedForward mlp) {
    if (mlpNorm == null && arrangement != Arrangement.PARALLEL) {
      throw new IllegalArgumentException("a layer that is not parallel has two norms");
    }
    this.arrangement = arrangement;
    this.attentionNorm = addChildBlock("AttentionNorm", attentionNorm);
    this.attention = addChildBlock("Attention", attention);
    this.mlpNorm = mlpNorm == null ? null : addChildBlock("MlpNorm", mlpNorm);
    this.mlp = addChildBlock("Mlp", mlp);
  }

  @Override
  public NDArray apply(ForwardPass pass, NDArray input) {
    return ForwardPass.scoped(() ->
        switch (arrangement) {
          case POST_NORM -> {
            NDArray x = attentionNorm.apply(pass, sum(pass, attention.apply(pass, input), input));
            yield mlpNorm(pass, sum(pass, mlp.apply(pass, x), x));
          }
          case SEQUENTIAL -> {
            NDArray x = sum(pass, attention.apply(pass, attentionNorm.apply(pass, input)), input);
            yield sum(pass, mlp.apply(pass, mlpNorm(pass, x)), x);
          }
          case PARALLEL -> {
            NDArray normalised = attentionNorm.apply(pass, input);
            NDArray attended = sum(pass, attention.apply(pass, normalised), input);
            NDArray forMlp = mlpNorm == null ? normalised : mlpNorm(pass, input);
            yield sum(pass, mlp.apply(pass, forMlp), attended);
          }
        });
  }

  private NDArray mlpNorm(ForwardPass pass, NDArray x) {
    return Objects.requireNonNull(mlpNorm).apply(pass, x);
  }

  /** {@code fresh + x}; without gradients in the place of {@code fresh}. */
  private static NDArray sum(ForwardPass pass, NDArray fresh, NDArray x) {
    return pass.training() ? fresh.add(x) : fresh.addi(x);
  }
}
