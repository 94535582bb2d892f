package io.hfmerge.hf.djl.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.Parameter;
import io.hfmerge.hf.djl.Scalars;
import org.jspecify.annotations.Nullable;

/**
 * Tokens as vectors: {@code norm(scale · Word[id] + Type[type] + Position[p])}, of which only the
 * words must be there; {@code [B, T] → [B, T, d]}.
 */
public final class TokenEmbedding extends SequenceBlock {

  private final Parameter words;
  private final @Nullable Parameter positions;
  private final @Nullable Parameter types;
  private final @Nullable Normalization norm;
  private final float scale;

  /**
   * @param words {@code [V, d]}
   * @param positions {@code [P, d]}, or null
   * @param types {@code [types, d]}, or null
   * @param norm of the sum, or null
   * @param scale factor of the words
   */
  public TokenEmbedding(
      Parameter words,
      @Nullable Parameter positions,
      @Nullable Parameter types,
      @Nullable Normalization norm,
      double scale) {
    this.words = addParameter(words);
    this.positions = positions == null ? null : addParameter(positions);
    this.types = types == null ? null : addParameter(types);
    this.norm = norm == null ? null : addChildBlock("Norm", norm);
    this.scale = (float) scale;
  }

  /** The word embeddings. */
  public Parameter words() {
    return words;
  }

  /** Rows of the word embeddings: ids are below it. */
  public long vocabulary() {
    return words.getShape().get(0);
  }

  @Override
  public NDArray apply(ForwardPass pass, NDArray ids) {
    return embed(pass, ids, 0, null, null);
  }

  /**
   * The vectors of tokens.
   *
   * @param ids {@code [B, T]}, I64
   * @param firstPosition position of the first token where no positions are given
   * @param positionIds {@code [B, T]}, or null for consecutive positions
   * @param typeIds {@code [B, T]}, or null for type 0
   * @throws InvalidInputException if an id, a type or a position has no row
   */
  NDArray embed(
      ForwardPass pass,
      NDArray ids,
      int firstPosition,
      @Nullable NDArray positionIds,
      @Nullable NDArray typeIds) {
    return ForwardPass.scoped(() -> {
      NDArray sum = rows("token id", pass.value(words), ids);
      if (scale != 1) {
        sum = sum.mul(Scalars.of(sum, scale));
      }
      if (types != null) {
        NDArray table = pass.value(types);
        sum = sum.add(typeIds == null ? range(table, 0, 1) : rows("token type id", table, typeIds));
      }
      if (positions != null) {
        NDArray table = pass.value(positions);
        long end = firstPosition + ids.getShape().get(1);
        sum =
            sum.add(
                positionIds == null
                    ? range(table, firstPosition, end)
                    : rows("position", table, positionIds));
      }
      return norm == null ? sum : norm.apply(pass, sum);
    });
  }

  private static NDArray range(NDArray table, long first, long end) {
    if (end > table.getShape().get(0)) {
      throw new InvalidInputException(
          "expected positions below %d, found %d".formatted(table.getShape().get(0), end - 1));
    }
    return table.get(new NDIndex().addSliceDim(first, end));
  }

  /** Checked here: an index out of range ends the process on a GPU. */
  private static NDArray rows(String what, NDArray table, NDArray indices) {
    long count = table.getShape().get(0);
    NDArray wide =
        indices.getDataType() == DataType.INT64 ? indices : indices.toType(DataType.INT64, false);
    if (wide.size() > 0) {
      long least = wide.min().getLong();
      long most = wide.max().getLong();
      if (least < 0 || most >= count) {
        throw new InvalidInputException(
            "expected every %s from 0 to %d, found %d"
                .formatted(what, count - 1, least < 0 ? least : most));
      }
    }
    return wide.getNDArrayInternal().embedding(wide, table, SparseFormat.DENSE).singletonOrThrow();
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputShapes) {
    return new Shape[] {inputShapes[0].add(words.getShape().get(1))};
  }
}
