package io.hfmerge.hf.djl.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import io.hfmerge.hf.djl.Scalars;
import io.hfmerge.hf.djl.block.ActivationListener.Reader;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Scaled dot-product attention over heads, {@code softmax(q kᵀ · scale + mask) v}, and the output
 * projection; {@code [B, T, d] → [B, T, d]}.
 *
 * <p>Scores are computed for blocks of queries that fit the cache, in causal models against the
 * keys up to each block's end only: half the work of the whole square. There is no loop over heads.
 */
public final class Attention extends SequenceBlock {

  /** Most queries of a block. */
  static final int QUERY_BLOCK = 128;

  /** Fewest queries of a block: products of fewer rows run below the processor's speed. */
  private static final int SMALLEST_QUERY_BLOCK = 32;

  /** Scores of a block of one long sequence: 2 MiB of floats. */
  private static final long BLOCK_ELEMENTS = 1 << 19;

  /**
   * Scores of short sequences taken together: 32 MiB of floats. Starting an operation for each
   * sequence costs more than scores that leave the L2 cache.
   */
  private static final long TOGETHER_ELEMENTS = 1 << 23;

  private final AttentionShape shape;
  private final QueryKeyValue projections;
  private final @Nullable Normalization queryNorm;
  private final @Nullable Normalization keyNorm;
  private final LinearProjection output;

  /**
   * @param queryNorm normalisation of each head's query before it rotates, or null
   * @param keyNorm the same of keys
   */
  public Attention(
      AttentionShape shape,
      QueryKeyValue projections,
      @Nullable Normalization queryNorm,
      @Nullable Normalization keyNorm,
      LinearProjection output) {
    this.shape = shape;
    this.projections = projections;
    this.queryNorm = queryNorm;
    this.keyNorm = keyNorm;
    this.output = output;
    List<LinearProjection> parts = projections.projections();
    List<String> names =
        parts.size() == 1 ? List.of("QueryKeyValue") : List.of("Query", "Key", "Value");
    for (int i = 0; i < parts.size(); i++) {
      addChildBlock(names.get(i), parts.get(i));
    }
    if (queryNorm != null) {
      addChildBlock("QueryNorm", queryNorm);
    }
    if (keyNorm != null) {
      addChildBlock("KeyNorm", keyNorm);
    }
    addChildBlock("Output", output);
  }

  @Override
  public NDArray apply(ForwardPass pass, NDArray input) {
    return ForwardPass.scoped(() -> {
      pass.reads(Reader.QUERY_KEY_VALUE, input);
      NDList parts = projections.apply(pass, input, shape);
      NDArray query = prepared(pass, queryNorm, parts.get(0));
      NDArray key = prepared(pass, keyNorm, parts.get(1));
      query = query.mul(Scalars.of(query, shape.scale())).swapAxes(1, 2);
      key = key.swapAxes(1, 2);
      NDArray value = parts.get(2).swapAxes(1, 2);
      if (pass.cache() != null) {
        NDList all = pass.cache().append(shape.layer(), key, value);
        key = all.get(0);
        value = all.get(1);
      }
      NDArray mixed = attend(pass, query, key, value);
      pass.reads(Reader.ATTENTION_OUTPUT, mixed);
      return output.apply(pass, mixed);
    });
  }

  private static NDArray prepared(ForwardPass pass, @Nullable Normalization norm, NDArray heads) {
    NDArray normalised = norm == null ? heads : norm.apply(pass, heads);
    RotaryEmbedding.Rotation rotation = pass.rotation();
    return rotation == null ? normalised : rotation.apply(normalised);
  }

  /** {@code [B, H, T, h]}, {@code [B, G, S, h]} twice → {@code [B, T, H h]}. */
  private NDArray attend(ForwardPass pass, NDArray query, NDArray key, NDArray value) {
    int sequences = Math.toIntExact(query.getShape().get(0));
    int queries = Math.toIntExact(query.getShape().get(2));
    int keys = Math.toIntExact(key.getShape().get(2));
    long scoresOfQuery = (long) shape.heads() * keys;
    int count = Math.clamp(BLOCK_ELEMENTS / scoresOfQuery, SMALLEST_QUERY_BLOCK, QUERY_BLOCK);
    int together =
        queries <= QUERY_BLOCK
            ? Math.clamp(TOGETHER_ELEMENTS / (scoresOfQuery * queries), 1, sequences)
            : 1;
    if (together == sequences && queries <= QUERY_BLOCK) {
      return block(pass, query, key, value, null, 0, queries);
    }
    NDList bySequence = new NDList();
    for (int i = 0; i < sequences; i += together) {
      NDIndex some = new NDIndex().addSliceDim(i, Math.min(sequences, i + together));
      NDArray theirQuery = query.get(some);
      NDArray theirKey = key.get(some);
      NDArray theirValue = value.get(some);
      NDList blocks = new NDList();
      for (int first = 0; first < queries; first += count) {
        int end = Math.min(queries, first + count);
        blocks.add(block(pass, theirQuery, theirKey, theirValue, some, first, end));
      }
      bySequence.add(joined(blocks, 1));
    }
    return joined(bySequence, 0);
  }

  private static NDArray joined(NDList parts, int axis) {
    return parts.size() == 1 ? parts.get(0) : NDArrays.concat(parts, axis);
  }

  private NDArray block(
      ForwardPass pass,
      NDArray allQueries,
      NDArray allKeys,
      NDArray allValues,
      @Nullable NDIndex sequence,
      int first,
      int last) {
    return ForwardPass.scoped(() -> {
      int queries = Math.toIntExact(allQueries.getShape().get(2));
      int keys = Math.toIntExact(allKeys.getShape().get(2));
      int count = last - first;
      int end = pass.mask().causal() ? keys - queries + last : keys;
      NDArray query = narrow(allQueries, first, last, queries);
      NDArray key = narrow(allKeys, 0, end, keys);
      NDArray value = narrow(allValues, 0, end, keys);
      long sequences = query.getShape().get(0);
      int groups = shape.kvHeads();
      int width = shape.headWidth();
      boolean grouped = groups != shape.heads();
      if (grouped) {
        long rows = (long) shape.heads() / groups * count;
        query = query.reshape(sequences, groups, rows, width);
      }
      DataType type = query.getDataType();
      if (shape.scoresInF32() && type != DataType.FLOAT32) {
        query = query.toType(DataType.FLOAT32, false);
        key = key.toType(DataType.FLOAT32, false);
      }
      NDArray scores = query.matMul(key.swapAxes(2, 3));
      NDArray byHead = grouped ? scores.reshape(sequences, shape.heads(), count, end) : scores;
      NDArray masked =
          pass.mask().apply(byHead, sequence, count, end, shape.window(), !pass.training());
      NDArray weights = masked.softmax(-1).toType(type, false);
      if (grouped) {
        weights = weights.reshape(scores.getShape());
      }
      NDArray mixed = weights.matMul(value);
      if (grouped) {
        mixed = mixed.reshape(sequences, shape.heads(), count, width);
      }
      return mixed.swapAxes(1, 2).reshape(sequences, count, (long) shape.heads() * width);
    });
  }

  private static NDArray narrow(NDArray x, int first, int end, int all) {
    return first == 0 && end == all ? x : x.get(new NDIndex().addAllDim(2).addSliceDim(first, end));
  }
}
