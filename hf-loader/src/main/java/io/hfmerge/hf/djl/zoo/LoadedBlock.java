package io.hfmerge.hf.djl.zoo;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.hfmerge.hf.djl.block.InvalidInputException;
import io.hfmerge.hf.djl.model.TransformerModel;
import io.hfmerge.hf.djl.text.TextTokenizer;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * The block of a DJL {@code Model} that hfmerge has loaded: the transformer's own, which a trainer
 * may train, with the model and tokenizer that translators need. Owned by the DJL model: closed
 * with it.
 */
public final class LoadedBlock extends AbstractBlock {

  private final TransformerModel transformer;
  private final @Nullable TextTokenizer tokenizer;
  private final Deque<AutoCloseable> owned;

  LoadedBlock(
      TransformerModel transformer, @Nullable TextTokenizer tokenizer, Deque<AutoCloseable> owned) {
    this.transformer = addedChild(transformer);
    this.tokenizer = tokenizer;
    this.owned = owned;
  }

  private TransformerModel addedChild(TransformerModel model) {
    addChildBlock("Transformer", model.block());
    return model;
  }

  /** The model. */
  public TransformerModel transformer() {
    return transformer;
  }

  /**
   * Its tokenizer.
   *
   * @throws InvalidInputException if the model's folder has none
   */
  public TextTokenizer tokenizer() {
    if (tokenizer == null) {
      throw new InvalidInputException(
          transformer.files().reference() + ": expected a tokenizer for texts, found none");
    }
    return tokenizer;
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore parameterStore,
      NDList inputs,
      boolean training,
      PairList<String, Object> params) {
    return transformer.block().forward(parameterStore, inputs, training, params);
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputShapes) {
    return transformer.block().getOutputShapes(inputShapes);
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
    transformer.block().initialize(manager, dataType, inputShapes);
  }

  /** Closes the model and its files. */
  void release() {
    closeAll(owned);
  }

  /** Last opened first; the first failure is thrown once all are closed. */
  static void closeAll(Deque<AutoCloseable> resources) {
    RuntimeException failure = null;
    while (!resources.isEmpty()) {
      try {
        resources.pop().close();
      } catch (Exception e) {
        if (failure == null) {
          failure = new IllegalStateException("closing a model failed: " + e.getMessage(), e);
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
