package io.hfmerge.plan;

import io.hfmerge.method.MergeMethod;
import io.hfmerge.method.TensorContext;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.List;

/**
 * Which output tensor comes from which inputs with which parameters. Made from headers alone, by
 * {@link MergePlanner}; valid while the inputs are open.
 *
 * @param recipe what was asked for
 * @param method the recipe's method
 * @param inputs the open checkpoints, the one that lends names and order first
 * @param tensors the output's tensors in the output's order
 * @param stacks stacks of layers that are put together from slices; empty for whole models
 * @param notes what was decided that the recipe does not say: one line each
 */
public record MergePlan(
    Recipe recipe,
    MergeMethod method,
    List<MergeInput> inputs,
    List<PlannedTensor> tensors,
    List<StackedLayers> stacks,
    List<String> notes) {

  public MergePlan {
    inputs = List.copyOf(inputs);
    tensors = List.copyOf(tensors);
    stacks = List.copyOf(stacks);
    notes = List.copyOf(notes);
  }

  /** The same plan with more notes, after its own. */
  public MergePlan withNotes(List<String> more) {
    List<String> all = new ArrayList<>(notes);
    all.addAll(more);
    return new MergePlan(recipe, method, inputs, tensors, stacks, all);
  }

  /** Names, dtypes and shapes of the output in its order, as a writer needs them. */
  public List<TensorSpec> layout() {
    return tensors.stream().map(PlannedTensor::output).toList();
  }

  /** Bytes of weights that one pass over all inputs reads. */
  public long bytesToRead() {
    return tensors.stream().mapToLong(PlannedTensor::bytesToRead).sum();
  }

  /** Bytes of weights that the output holds. */
  public long bytesToWrite() {
    return tensors.stream().mapToLong(tensor -> tensor.output().sizeBytes()).sum();
  }

  /** What the method is asked about each tensor that it computes, in the output's order. */
  public List<TensorContext> contexts() {
    List<TensorContext> contexts = new ArrayList<>();
    for (PlannedTensor tensor : tensors) {
      if (tensor instanceof MergedTensor merged) {
        contexts.add(merged.context());
      }
    }
    return contexts;
  }

  /** Number of tensors that the method computes. */
  public long mergedTensors() {
    return tensors.stream().filter(tensor -> tensor instanceof MergedTensor).count();
  }

  /**
   * The plan for people: totals, what is read of each model, tensors that are made in the same way
   * together, then the notes. One text per line.
   */
  public List<String> describe() {
    return new PlanReport(this).lines();
  }

  /** A line for each tensor of the output, with shapes and exact parameters. */
  public List<String> describeTensors() {
    return new PlanReport(this).tensorLines();
  }
}
