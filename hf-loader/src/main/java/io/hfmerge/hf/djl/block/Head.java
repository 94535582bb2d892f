package io.hfmerge.hf.djl.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Turns final hidden states into logits. */
public abstract sealed class Head extends SequenceBlock {

  /**
   * The logits.
   *
   * @param hidden {@code [B, T, d]}
   * @param pooled {@code [B, d]}, or null where the model has no pooler
   * @param visible {@code [B, T]}, 1 for tokens and 0 for padding; null without padding
   */
  abstract NDArray logits(
      ForwardPass pass, NDArray hidden, @Nullable NDArray pooled, @Nullable NDArray visible);

  @Override
  public NDArray apply(ForwardPass pass, NDArray hidden) {
    return logits(pass, hidden, null, null);
  }

  /**
   * Scores of each token of the vocabulary, for causal and masked language models: {@code decoder ·
   * norm(act(transform x)) + bias}; {@code [B, T, V]}.
   */
  public static final class Vocabulary extends Head {

    private final @Nullable LinearProjection transform;
    private final Activation activation;
    private final @Nullable Normalization norm;
    private final LinearProjection decoder;

    /**
     * @param transform a projection before the decoder (masked models), or null
     * @param activation of the transform
     * @param norm of the transform, or null
     */
    public Vocabulary(
        @Nullable LinearProjection transform,
        Activation activation,
        @Nullable Normalization norm,
        LinearProjection decoder) {
      this.transform = transform == null ? null : addChildBlock("Transform", transform);
      this.activation = activation;
      this.norm = norm == null ? null : addChildBlock("Norm", norm);
      this.decoder = addChildBlock("Decoder", decoder);
    }

    @Override
    NDArray logits(
        ForwardPass pass, NDArray hidden, @Nullable NDArray pooled, @Nullable NDArray visible) {
      return ForwardPass.scoped(() -> {
        NDArray x = hidden;
        if (transform != null) {
          x = activation.apply(transform.apply(pass, x), null, !pass.training());
        }
        if (norm != null) {
          x = norm.apply(pass, x);
        }
        return decoder.apply(pass, x);
      });
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
      return decoder.getOutputShapes(inputShapes);
    }
  }

  /** Which states are classified. */
  public enum Pooling {
    /** The first: {@code [CLS]}, {@code <s>}, the class token. */
    FIRST,
    /** What the model's pooler makes of the first. */
    POOLER,
    /** The last that is no padding: the only one of a causal model that has seen everything. */
    LAST,
    /** Each by itself, for token classification. */
    EACH
  }

  /** Scores of each class; {@code [B, classes]}, or {@code [B, T, classes]} for each token. */
  public static final class Classification extends Head {

    private final Pooling pooling;
    private final @Nullable LinearProjection dense;
    private final LinearProjection output;

    /**
     * @param dense a projection and tanh before the output (RoBERTa), or null
     */
    public Classification(
        Pooling pooling, @Nullable LinearProjection dense, LinearProjection output) {
      this.pooling = pooling;
      this.dense = dense == null ? null : addChildBlock("Dense", dense);
      this.output = addChildBlock("Output", output);
    }

    @Override
    NDArray logits(
        ForwardPass pass, NDArray hidden, @Nullable NDArray pooled, @Nullable NDArray visible) {
      return ForwardPass.scoped(() -> {
        NDArray x =
            switch (pooling) {
              case EACH -> hidden;
              case FIRST -> hidden.get(new NDIndex().addAllDim().addIndices(0));
              case POOLER -> Objects.requireNonNull(pooled, "no pooler");
              case LAST -> last(hidden, visible);
            };
        if (dense != null) {
          x = Activation.TANH.apply(dense.apply(pass, x), null, false);
        }
        return output.apply(pass, x);
      });
    }

    private static NDArray last(NDArray hidden, @Nullable NDArray visible) {
      long sequences = hidden.getShape().get(0);
      long tokens = hidden.getShape().get(1);
      if (visible == null) {
        return hidden.get(new NDIndex().addAllDim().addIndices(tokens - 1));
      }
      NDArray order = hidden.getManager().arange(0, (int) tokens, 1, DataType.FLOAT32);
      NDArray place =
          visible.toType(DataType.FLOAT32, false).mul(order).argMax(1).reshape(sequences);
      NDArray rows =
          hidden.getManager().arange(0, (int) sequences, 1, DataType.INT64).mul(tokens).add(place);
      NDArray flat = hidden.reshape(sequences * tokens, hidden.getShape().get(2));
      return rows.getNDArrayInternal().embedding(rows, flat, SparseFormat.DENSE).singletonOrThrow();
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
      Shape input = inputShapes[0];
      return output.getOutputShapes(
          new Shape[] {pooling == Pooling.EACH ? input : new Shape(input.get(0), input.get(2))});
    }
  }
}
