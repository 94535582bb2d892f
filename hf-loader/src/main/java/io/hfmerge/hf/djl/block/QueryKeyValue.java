package io.hfmerge.hf.djl.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import java.util.List;

/** The projections to queries, keys and values, in the layout in which they are stored. */
public sealed interface QueryKeyValue {

  /** The blocks that hold the weights. */
  List<LinearProjection> projections();

  /**
   * Queries {@code [B, T, H, h]}, keys and values {@code [B, T, G, h]}.
   *
   * @param input {@code [B, T, d]}
   */
  NDList apply(ForwardPass pass, NDArray input, AttentionShape shape);

  /** Three matrices. */
  record Separate(LinearProjection query, LinearProjection key, LinearProjection value)
      implements QueryKeyValue {

    @Override
    public List<LinearProjection> projections() {
      return List.of(query, key, value);
    }

    @Override
    public NDList apply(ForwardPass pass, NDArray input, AttentionShape shape) {
      return new NDList(
          heads(query.apply(pass, input), shape.heads(), shape),
          heads(key.apply(pass, input), shape.kvHeads(), shape),
          heads(value.apply(pass, input), shape.kvHeads(), shape));
    }
  }

  /** One matrix: all queries, then all keys, then all values (GPT-2). */
  record Blocks(LinearProjection fused) implements QueryKeyValue {

    @Override
    public List<LinearProjection> projections() {
      return List.of(fused);
    }

    @Override
    public NDList apply(ForwardPass pass, NDArray input, AttentionShape shape) {
      long queries = (long) shape.heads() * shape.headWidth();
      long keys = (long) shape.kvHeads() * shape.headWidth();
      NDList parts = fused.apply(pass, input).split(new long[] {queries, queries + keys}, 2);
      return new NDList(
          heads(parts.get(0), shape.heads(), shape),
          heads(parts.get(1), shape.kvHeads(), shape),
          heads(parts.get(2), shape.kvHeads(), shape));
    }
  }

  /** One matrix: query, key and value of head 0, then of head 1, ... (GPT-NeoX). */
  record PerHead(LinearProjection fused) implements QueryKeyValue {

    @Override
    public List<LinearProjection> projections() {
      return List.of(fused);
    }

    @Override
    public NDList apply(ForwardPass pass, NDArray input, AttentionShape shape) {
      NDArray all = fused.apply(pass, input);
      long sequences = all.getShape().get(0);
      long tokens = all.getShape().get(1);
      NDArray byHead = all.reshape(sequences, tokens, shape.heads(), 3, shape.headWidth());
      NDList parts = new NDList();
      for (int part = 0; part < 3; part++) {
        parts.add(byHead.get(new NDIndex().addAllDim(3).addIndices(part)));
      }
      return parts;
    }
  }

  private static NDArray heads(NDArray x, int heads, AttentionShape shape) {
    return x.reshape(x.getShape().get(0), x.getShape().get(1), heads, shape.headWidth());
  }
}
