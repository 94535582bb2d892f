package io.hfmerge.hf.djl.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Which keys a query sees: in causal models those up to its own position, perhaps only the last
 * few; never padding. Hidden keys get a large negative number added to their scores rather than
 * minus infinity, so that a query that sees nothing gives no NaN.
 *
 * <p>The causal part is the same for every block of consecutive queries if it is read from the
 * right, from the last key that the block's last query sees; so one small table serves all blocks.
 */
public final class AttentionMask {

  /** Every query sees every key. */
  public static final AttentionMask NONE = new AttentionMask(false, null, 0, 0, null);

  /** Added to hidden scores: beside it every score vanishes in f32, and twice it is finite. */
  private static final float HIDDEN = -1e30f;

  /** The same for f16, whose largest number is 65504. */
  private static final float HIDDEN_F16 = -3e4f;

  private final boolean causal;
  private final @Nullable NDArray padding;
  private final int queries;
  private final int keys;
  private final @Nullable NDManager manager;
  private final Map<Integer, NDArray> windows = new HashMap<>();

  private AttentionMask(
      boolean causal,
      @Nullable NDArray padding,
      int queries,
      int keys,
      @Nullable NDManager manager) {
    this.causal = causal;
    this.padding = padding;
    this.queries = queries;
    this.keys = keys;
    this.manager = manager;
  }

  /**
   * The mask of one pass.
   *
   * @param manager owns the tables
   * @param causal whether later keys are hidden
   * @param visible {@code [B, keys]}, 1 for tokens and 0 for padding; null without padding
   * @param queries tokens of this pass, the last of the keys
   * @param keys tokens of this pass and before
   * @param type of the scores
   */
  public static AttentionMask of(
      NDManager manager,
      boolean causal,
      @Nullable NDArray visible,
      int queries,
      int keys,
      DataType type) {
    NDArray padding = null;
    if (visible != null) {
      padding =
          ForwardPass.scoped(() ->
              visible
                  .toType(DataType.FLOAT32, false)
                  .neg()
                  .add(1)
                  .mul(hidden(type))
                  .toType(type, false)
                  .reshape(visible.getShape().get(0), 1, 1, keys));
      padding.attach(manager);
    }
    return new AttentionMask(causal, padding, queries, keys, manager);
  }

  /** Frees the tables. */
  void close() {
    windows.values().forEach(NDArray::close);
  }

  boolean causal() {
    return causal;
  }

  /**
   * Hides keys in the scores of a block of queries.
   *
   * @param scores {@code [b, H, count, end]}
   * @param sequences sequences of the block, or null for all
   * @param count queries of the block
   * @param end keys up to the last that the block's last query sees
   * @param window keys that a query sees at most, itself included; 0 for all
   * @param overwrite whether the scores may be changed in place
   */
  NDArray apply(
      NDArray scores,
      @Nullable NDIndex sequences,
      int count,
      int end,
      int window,
      boolean overwrite) {
    NDArray masked = scores;
    if (causal && (count > 1 || (window > 0 && end > window))) {
      masked = add(masked, causalPart(count, end, window, scores.getDataType()), overwrite);
    }
    if (padding != null) {
      NDArray part = sequences == null ? padding : padding.get(sequences);
      NDIndex seen = new NDIndex().addAllDim(3).addSliceDim(0, end);
      masked = add(masked, end == keys ? part : part.get(seen), overwrite);
    }
    return masked;
  }

  private static NDArray add(NDArray scores, NDArray mask, boolean overwrite) {
    return overwrite ? scores.addi(mask) : scores.add(mask);
  }

  /** Rows and columns of the table that belong to a block, seen from the right. */
  private NDArray causalPart(int count, int end, int window, DataType type) {
    NDArray table = windows.computeIfAbsent(window, width -> table(width, type));
    long rows = table.getShape().get(0);
    return table.get(
        new NDIndex().addSliceDim(rows - count, rows).addSliceDim((long) keys - end, keys));
  }

  /** {@code [rows, keys]}: the last row is a query at the last key. */
  private NDArray table(int window, DataType type) {
    int rows = Math.min(queries, Attention.QUERY_BLOCK);
    float[] values = new float[Math.multiplyExact(rows, keys)];
    for (int row = 0; row < rows; row++) {
      int position = keys - rows + row;
      int start = row * keys;
      Arrays.fill(values, start + position + 1, start + keys, hidden(type));
      if (window > 0 && position - window + 1 > 0) {
        Arrays.fill(values, start, start + position - window + 1, hidden(type));
      }
    }
    NDManager owner = Objects.requireNonNull(manager);
    NDArray table =
        ForwardPass.scoped(() -> owner.create(values, new Shape(rows, keys)).toType(type, false));
    // outlives the block of queries that asks first
    NDScope.unregister(table);
    return table;
  }

  private static float hidden(DataType type) {
    return type == DataType.FLOAT16 ? HIDDEN_F16 : HIDDEN;
  }
}
