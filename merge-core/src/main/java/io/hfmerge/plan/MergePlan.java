package io.hfmerge.plan;

import io.hfmerge.method.MergeMethod;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;

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

  /** Number of tensors that the method computes. */
  public long mergedTensors() {
    return tensors.stream().filter(tensor -> tensor instanceof MergedTensor).count();
  }

  /** The plan for people: totals, then a line for each tensor, then the notes. */
  public String describe() {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "%s of %d checkpoints: %d tensors merged, %d copied; %,d bytes to read, %,d to write%n",
            recipe.mergeMethod(),
            inputs.size(),
            mergedTensors(),
            tensors.size() - mergedTensors(),
            bytesToRead(),
            bytesToWrite()));
    for (PlannedTensor tensor : tensors) {
      text.append(tensor.output().name()).append("  ").append(tensor.output().describe());
      switch (tensor) {
        case CopiedTensor copied ->
            text.append("  copied from ")
                .append(copied.source().input().reference())
                .append(" (")
                .append(copied.reason())
                .append(')');
        case MergedTensor merged -> describe(text, merged);
      }
      text.append(System.lineSeparator());
    }
    notes.forEach(note -> text.append("note: ").append(note).append(System.lineSeparator()));
    return text.toString();
  }

  private static void describe(StringBuilder text, MergedTensor merged) {
    for (int i = 0; i < merged.sources().size(); i++) {
      text.append(i == 0 ? "  " : " + ").append(merged.context().models().get(i));
      if (i == merged.context().base()) {
        text.append(" (base)");
      } else {
        text.append(' ').append(new TreeMap<>(merged.context().parameters().perModel().get(i)));
      }
    }
    text.append("  ").append(new TreeMap<>(merged.context().parameters().global()));
  }
}
