package io.hfmerge.hf.djl.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A whole transformer as a DJL block: embedding, layers, final norm, pooler, head.
 *
 * <p>As a block it takes the arrays of {@link TransformerInputs#of(NDList)} and gives the logits,
 * or where there is no head the last hidden states and the pooled state; {@link #run} gives
 * everything. Gradients flow to every parameter. Several threads may run it at a time.
 */
public final class TransformerBlock extends AbstractBlock {

  private static final int FIRST_TABLE_ROWS = 256;

  private final SequenceBlock embedding;
  private final Settings settings;
  private final List<TransformerLayer> layers;
  private final @Nullable Normalization finalNorm;
  private final @Nullable LinearProjection pooler;
  private final @Nullable Head head;
  private @Nullable NDArray rotaryTable;

  /**
   * What is not a parameter.
   *
   * @param causal whether a token sees only those before it
   * @param rule positions where none are given
   * @param paddingId id of padding, for {@link PositionRule#BY_PADDING_ID}
   * @param rotary rotation of queries and keys, or null
   * @param limit most tokens of a sequence; 0 for images, whose size is fixed
   */
  public record Settings(
      boolean causal,
      PositionRule rule,
      long paddingId,
      @Nullable RotaryEmbedding rotary,
      int limit) {}

  /**
   * What a run shall give beside the last hidden states.
   *
   * @param firstHidden whether to keep the states before the first layer
   * @param logits of which tokens logits are computed
   * @param listener hears of what flows through the layers; null for none
   */
  public record Wanted(boolean firstHidden, Logits logits, @Nullable ActivationListener listener) {

    /** Of which tokens logits are computed. */
    public enum Logits {
      ALL,
      /** The last of each sequence, {@code [B, 1, V]}: what generation needs. */
      LAST,
      NONE
    }

    /** Everything. */
    public static final Wanted EVERYTHING = new Wanted(true, Logits.ALL, null);

    /** The logits of all tokens. */
    public static final Wanted LOGITS = new Wanted(false, Logits.ALL, null);

    /** The logits of each sequence's last token. */
    public static final Wanted NEXT = new Wanted(false, Logits.LAST, null);

    /** Hidden states alone. */
    public static final Wanted HIDDEN = new Wanted(false, Logits.NONE, null);

    /** The same with a listener. */
    public Wanted heardBy(ActivationListener hearer) {
      return new Wanted(firstHidden, logits, hearer);
    }
  }

  /**
   * @param embedding a {@link TokenEmbedding} or a {@link PatchEmbedding}
   * @param finalNorm null where the last layer has its own
   * @param pooler projection of the first state, followed by tanh; or null
   * @param head or null
   */
  public TransformerBlock(
      SequenceBlock embedding,
      Settings settings,
      List<TransformerLayer> layers,
      @Nullable Normalization finalNorm,
      @Nullable LinearProjection pooler,
      @Nullable Head head) {
    this.embedding = addChildBlock("Embedding", embedding);
    this.settings = settings;
    this.layers = List.copyOf(layers);
    for (TransformerLayer layer : this.layers) {
      addChildBlock("Layer", layer);
    }
    this.finalNorm = finalNorm == null ? null : addChildBlock("FinalNorm", finalNorm);
    this.pooler = pooler == null ? null : addChildBlock("Pooler", pooler);
    this.head = head == null ? null : addChildBlock("Head", head);
  }

  /** Causality, positions, limit. */
  public Settings settings() {
    return settings;
  }

  /** The layers, first to last. */
  public List<TransformerLayer> layers() {
    return layers;
  }

  /** Whether there is a head, and so logits. */
  public boolean hasHead() {
    return head != null;
  }

  /** Ids are below it; 0 for images. */
  public long vocabulary() {
    return embedding instanceof TokenEmbedding tokens ? tokens.vocabulary() : 0;
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore parameterStore,
      NDList inputs,
      boolean training,
      PairList<String, Object> params) {
    TransformerOutputs outputs =
        run(parameterStore, TransformerInputs.of(inputs), training, null, Wanted.LOGITS);
    NDArray logits = outputs.logits();
    if (logits != null) {
      outputs.lastHidden().close();
      if (outputs.pooled() != null) {
        outputs.pooled().close();
      }
      logits.setName(TransformerOutputs.LOGITS);
      return new NDList(logits);
    }
    return outputs.list();
  }

  /**
   * Runs the model.
   *
   * @param store where parameters' values are
   * @param inputs on the parameters' device
   * @param training whether gradients are wanted
   * @param cache extended by the tokens of this pass, which follow those in it; or null
   * @param wanted what to give
   * @return arrays of the manager of {@code inputs}
   * @throws InvalidInputException if an id, type or position is outside its table, shapes do not
   *     fit, or a sequence is longer than the model's limit
   */
  public TransformerOutputs run(
      ParameterStore store,
      TransformerInputs inputs,
      boolean training,
      @Nullable KeyValueCache cache,
      Wanted wanted) {
    TransformerOutputs outputs;
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      outputs = runScoped(store, inputs, training, cache, wanted);
      for (NDArray array : outputs.list()) {
        NDScope.unregister(array);
      }
    }
    outputs.list().forEach(NDScope::register);
    return outputs;
  }

  private TransformerOutputs runScoped(
      ParameterStore store,
      TransformerInputs inputs,
      boolean training,
      @Nullable KeyValueCache cache,
      Wanted wanted) {
    int past = cache == null ? 0 : cache.length();
    NDArray content = inputs.content();
    NDArray visible;
    NDArray first;
    ForwardPass pass;
    if (embedding instanceof TokenEmbedding tokens) {
      checkShapes(inputs, past);
      visible = inputs.hiding();
      NDArray positions = positions(inputs, visible, past);
      pass = pass(store, inputs, training, cache, visible, positions);
      first = tokens.embed(pass, content, past, positions, inputs.types());
    } else {
      visible = null;
      pass = ForwardPass.plain(store, content.getDevice(), training);
      first = embedding.apply(pass, content);
    }
    NDArray hidden = first;
    boolean keep = wanted.firstHidden();
    ActivationListener listener = wanted.listener();
    for (int i = 0; i < layers.size(); i++) {
      NDArray next = layers.get(i).apply(pass.in(i, listener), hidden);
      if (listener != null) {
        listener.output(i, next);
      }
      if (!keep) {
        hidden.close();
      }
      keep = false;
      hidden = next;
    }
    pass.mask().close();
    if (cache != null) {
      cache.advance(Math.toIntExact(content.getShape().get(1)));
    }
    if (finalNorm != null) {
      hidden = finalNorm.apply(pass, hidden);
    }
    NDArray pooled = pooled(pass, hidden);
    return new TransformerOutputs(
        wanted.firstHidden() ? first : null,
        hidden,
        pooled,
        logits(pass, hidden, pooled, visible, wanted.logits()));
  }

  private @Nullable NDArray pooled(ForwardPass pass, NDArray hidden) {
    if (pooler == null) {
      return null;
    }
    NDArray first = hidden.get(new NDIndex().addAllDim().addIndices(0));
    return Activation.TANH.apply(pooler.apply(pass, first), null, false);
  }

  private @Nullable NDArray logits(
      ForwardPass pass,
      NDArray hidden,
      @Nullable NDArray pooled,
      @Nullable NDArray visible,
      Wanted.Logits wanted) {
    if (head == null || wanted == Wanted.Logits.NONE) {
      return null;
    }
    if (wanted == Wanted.Logits.ALL) {
      return head.logits(pass, hidden, pooled, visible);
    }
    long tokens = hidden.getShape().get(1);
    NDArray last = hidden.get(new NDIndex().addAllDim().addSliceDim(tokens - 1, tokens));
    return head.logits(pass, last, pooled, null);
  }

  private void checkShapes(TransformerInputs inputs, int past) {
    Shape shape = inputs.content().getShape();
    if (shape.dimension() != 2 || shape.size() == 0) {
      throw new InvalidInputException(
          "%s: expected shape [batch, tokens], both at least 1, found %s"
              .formatted(TransformerInputs.IDS, shape));
    }
    long total = past + shape.get(1);
    if (total > settings.limit()) {
      throw new InvalidInputException(
          "expected at most %d tokens, the model's limit, found %d"
              .formatted(settings.limit(), total));
    }
    check(TransformerInputs.MASK, inputs.mask(), new Shape(shape.get(0), total));
    check(TransformerInputs.TYPES, inputs.types(), shape);
    check(TransformerInputs.POSITIONS, inputs.positions(), shape);
  }

  private static void check(String name, @Nullable NDArray array, Shape expected) {
    if (array != null && !array.getShape().equals(expected)) {
      throw new InvalidInputException(
          "%s: expected shape %s, found %s".formatted(name, expected, array.getShape()));
    }
  }

  /** Positions of the tokens, or null where they are consecutive. */
  private @Nullable NDArray positions(
      TransformerInputs inputs, @Nullable NDArray visible, int past) {
    if (inputs.positions() != null) {
      return inputs.positions().toType(DataType.INT64, false);
    }
    NDArray ids = inputs.content();
    return switch (settings.rule()) {
      case BY_PLACE -> null;
      case BY_MASK -> {
        if (visible == null) {
          yield null;
        }
        NDArray all = visible.cumSum(1).sub(1).maximum(0).toType(DataType.INT64, false);
        long total = past + ids.getShape().get(1);
        yield past == 0 ? all : all.get(new NDIndex().addAllDim().addSliceDim(past, total));
      }
      case BY_PADDING_ID -> {
        NDArray tokens = ids.neq(settings.paddingId()).toType(DataType.INT64, false);
        yield tokens.cumSum(1).mul(tokens).add(settings.paddingId()).toType(DataType.INT64, false);
      }
    };
  }

  private ForwardPass pass(
      ParameterStore store,
      TransformerInputs inputs,
      boolean training,
      @Nullable KeyValueCache cache,
      @Nullable NDArray visible,
      @Nullable NDArray positions) {
    NDArray ids = inputs.content();
    DataType type = type();
    int past = cache == null ? 0 : cache.length();
    int tokens = Math.toIntExact(ids.getShape().get(1));
    AttentionMask mask =
        AttentionMask.of(ids.getManager(), settings.causal(), visible, tokens, past + tokens, type);
    RotaryEmbedding.Rotation rotation = null;
    RotaryEmbedding rotary = settings.rotary();
    if (rotary != null) {
      rotation =
          rotary.rotation(rotaryRows(ids.getManager(), rotary, past, tokens, positions), type);
    }
    return new ForwardPass(store, ids.getDevice(), training, mask, rotation, cache, null);
  }

  private NDArray rotaryRows(
      NDManager manager,
      RotaryEmbedding rotary,
      int past,
      int tokens,
      @Nullable NDArray positions) {
    if (positions == null) {
      NDArray table = rotaryTable(rotary, past + tokens);
      NDArray rows = table.get(manager, new NDIndex().addSliceDim(past, past + tokens));
      return rows;
    }
    long least = positions.min().getLong();
    long most = positions.max().getLong();
    if (least < 0 || most >= settings.limit()) {
      throw new InvalidInputException(
          "expected every position from 0 to %d, found %d"
              .formatted(settings.limit() - 1, least < 0 ? least : most));
    }
    NDArray table = rotaryTable(rotary, Math.toIntExact(most) + 1);
    return positions
        .getNDArrayInternal()
        .embedding(positions, table, SparseFormat.DENSE)
        .singletonOrThrow();
  }

  /** A table of at least so many rows; kept, and grown when it is too small. */
  private synchronized NDArray rotaryTable(RotaryEmbedding rotary, int rows) {
    NDArray table = rotaryTable;
    if (table == null || table.getShape().get(0) < rows) {
      int grown = Math.max(FIRST_TABLE_ROWS, Integer.highestOneBit(2 * rows - 1));
      // owned by the weights' manager; a smaller one may still be in use by another thread
      table = rotary.table(weightManager(), grown);
      NDScope.unregister(table);
      rotaryTable = table;
    }
    return table;
  }

  private NDManager weightManager() {
    return getParameters().valueAt(0).getArray().getManager();
  }

  private DataType type() {
    return getParameters().valueAt(0).getArray().getDataType();
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputShapes) {
    Shape[] hidden = embedding.getOutputShapes(new Shape[] {inputShapes[0]});
    if (head != null) {
      return head.getOutputShapes(hidden);
    }
    if (pooler == null) {
      return hidden;
    }
    return new Shape[] {hidden[0], new Shape(hidden[0].get(0), hidden[0].get(2))};
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
    List<Block> children = new ArrayList<>(getChildren().values());
    for (Block child : children) {
      child.initialize(manager, dataType, inputShapes);
    }
  }
}
