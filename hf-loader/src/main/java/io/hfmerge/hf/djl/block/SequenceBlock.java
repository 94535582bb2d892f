package io.hfmerge.hf.djl.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.Initializer;
import ai.djl.util.PairList;

/**
 * A block that turns one array into another, as part of a model or alone.
 *
 * <p>Parameters have their values from the start: loaded ones. {@link #initialize}, which a trainer
 * calls, never draws random values; it gives the block values of its own that can be changed, since
 * loaded ones may be mapped from a file.
 */
public abstract class SequenceBlock extends AbstractBlock {

  /** Computes the output within a forward pass. */
  public abstract NDArray apply(ForwardPass pass, NDArray input);

  @Override
  protected NDList forwardInternal(
      ParameterStore parameterStore,
      NDList inputs,
      boolean training,
      PairList<String, Object> params) {
    NDArray input = inputs.singletonOrThrow();
    return new NDList(apply(ForwardPass.plain(parameterStore, input.getDevice(), training), input));
  }

  /** Shape of the output; that of the input unless a block says otherwise. */
  @Override
  public Shape[] getOutputShapes(Shape[] inputShapes) {
    return inputShapes;
  }

  @Override
  public void initialize(NDManager manager, DataType dataType, Shape... inputShapes) {
    for (Parameter parameter : getDirectParameters().values()) {
      own(parameter, manager, dataType);
    }
    super.initialize(manager, dataType, inputShapes);
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
    for (Block child : getChildren().values()) {
      child.initialize(manager, dataType, inputShapes);
    }
  }

  /** Replaces a loaded value by a copy, once, also where two blocks share the parameter. */
  private static void own(Parameter parameter, NDManager manager, DataType dataType) {
    if (parameter.getInitializer() instanceof OwnedCopy) {
      return;
    }
    NDArray copy = parameter.getArray().duplicate();
    copy.attach(manager);
    parameter.setInitializer(new OwnedCopy(copy));
    parameter.close();
    parameter.initialize(manager, dataType);
  }

  /** Hands out a copy made before, and marks the parameter as having it. */
  private record OwnedCopy(NDArray copy) implements Initializer {

    @Override
    public NDArray initialize(NDManager manager, Shape shape, DataType dataType) {
      return copy;
    }
  }
}
