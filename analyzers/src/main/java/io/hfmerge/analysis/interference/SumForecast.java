package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.interference.ConflictReport.GroupConflicts;
import io.hfmerge.analysis.interference.ConflictReport.TensorConflicts;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What the theory of arXiv:2502.17340 (section 4: Lemma 4, Theorem 1) makes of a sum, by weights
 * alone.
 *
 * <p>The theory: weight decay drives the rows of an update into the span of the inputs it was
 * trained on, so that where the inputs of two tasks are orthogonal, ‖D_j x‖ is small for the inputs
 * x of task i, and the sum does to x what D_i alone does. The inputs are not at hand; the rows of
 * D_i stand for them. It is shown for linear, shallow ReLU and deep linear networks and inputs of
 * the network; here it is read matrix by matrix. A diagnostic: overlap of inputs is neither
 * necessary nor sufficient for damage.
 *
 * @param pairs distance of input spaces from orthogonal
 * @param tasks predicted damage
 */
public record SumForecast(List<PairReading> pairs, List<TaskReading> tasks) {

  public SumForecast {
    pairs = List.copyOf(pairs);
    tasks = List.copyOf(tasks);
  }

  /**
   * Two tasks.
   *
   * @param first one model, from 0
   * @param second another
   * @param inputAlignment 0 where the input spaces are orthogonal, 1 where they are the same
   * @param worst tensor where it is largest
   */
  public record PairReading(
      int first, int second, MeasureValue inputAlignment, Optional<Worst> worst) {}

  /**
   * One task.
   *
   * @param task the model, from 0
   * @param damage squared error of the sum on its inputs over the squared effect of its own update
   * @param worst tensor where it is largest
   */
  public record TaskReading(int task, MeasureValue damage, Optional<Worst> worst) {}

  /**
   * Where something is largest.
   *
   * @param tensor name of the tensor
   * @param value the value there
   */
  public record Worst(String tensor, double value) {}

  /** What the numbers are read as. */
  public static final String STATEMENT =
      "Task vectors add without interference where the inputs of the tasks are orthogonal"
          + " (arXiv:2502.17340, section 4), since the rows of an update lie in the span of its"
          + " inputs. Input alignment says how far from orthogonal these spaces are, predicted"
          + " damage how much the sum changes what each update does to its own inputs. A"
          + " diagnostic from weights alone, not a verdict: measure the merged model on the"
          + " tasks.";

  /** Reads the numbers of all tensors; empty where they lack spectra. */
  static Optional<SumForecast> of(GroupConflicts model, List<TensorConflicts> tensors) {
    List<PairReading> pairs = new ArrayList<>();
    List<TaskReading> tasks = new ArrayList<>();
    for (MeasureValue value : model.values()) {
      int first = value.first().orElse(-1);
      if (value.measure().equals(CrossResponse.INPUT_ALIGNMENT)) {
        pairs.add(new PairReading(first, value.second().orElse(-1), value, worst(value, tensors)));
      } else if (value.measure().equals(WudiResidual.RESIDUAL)) {
        tasks.add(new TaskReading(first, value, worst(value, tensors)));
      }
    }
    return tasks.isEmpty() ? Optional.empty() : Optional.of(new SumForecast(pairs, tasks));
  }

  private static Optional<Worst> worst(MeasureValue of, List<TensorConflicts> tensors) {
    return tensors.stream()
        .flatMap(tensor ->
            same(tensor.values().stream(), of)
                .map(value -> new Worst(tensor.tensor(), value.value())))
        .max(Comparator.comparingDouble(Worst::value));
  }

  private static Stream<MeasureValue> same(Stream<MeasureValue> values, MeasureValue of) {
    return values.filter(value ->
        value.measure().equals(of.measure())
            && value.first().equals(of.first())
            && value.second().equals(of.second()));
  }
}
