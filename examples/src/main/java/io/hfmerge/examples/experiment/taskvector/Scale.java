package io.hfmerge.examples.experiment.taskvector;

import io.hfmerge.examples.experiment.taskvector.GlossTask.Kind;
import java.util.List;

/**
 * How large the experiment is.
 *
 * @param tasks fine-tuned and summed, two or more
 * @param train definitions of each class to learn from
 * @param test definitions of each class held out
 * @param limit most tokens of a definition
 * @param batch definitions in a step
 * @param epochs over the training set
 * @param rate largest step size η
 * @param firstLayer layers before it keep the base's weights, embeddings always do
 * @param factors of the task vectors in the sums, ascending, with 1
 */
record Scale(
    List<Kind> tasks,
    int train,
    int test,
    int limit,
    int batch,
    int epochs,
    double rate,
    int firstLayer,
    List<Double> factors) {

  /** For a try at the mechanics alone. */
  static final Scale TRY =
      new Scale(List.of(Kind.THINGS, Kind.ACTIONS), 16, 8, 10, 16, 2, 1e-3, 5, List.of(0.5, 1.0));

  static final Scale QUICK =
      new Scale(
          List.of(Kind.THINGS, Kind.ACTIONS),
          128,
          48,
          16,
          16,
          2,
          3e-4,
          4,
          List.of(0.25, 0.5, 0.75, 1.0, 1.5));

  static final Scale FULL =
      new Scale(
          List.of(Kind.values()),
          200,
          100,
          24,
          20,
          2,
          2e-4,
          0,
          List.of(0.25, 0.5, 0.75, 1.0, 1.25, 1.5));

  /** Steps of one fine-tune. */
  long steps(int classes) {
    return (long) epochs * (train * classes / batch);
  }
}
