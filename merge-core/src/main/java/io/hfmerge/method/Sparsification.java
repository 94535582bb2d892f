package io.hfmerge.method;

import java.util.List;
import java.util.function.Function;

/** A way to choose which entries of task vectors stay. Stateless. */
interface Sparsification {

  /**
   * Decides for all models of one tensor.
   *
   * @param then makes the step that follows, of one sparsifier for each model
   * @throws io.hfmerge.error.InvalidRecipeException if the parameters do not do for this tensor
   */
  TensorMerge choose(
      TensorContext context,
      TaskVectorParameters parameters,
      Function<List<Sparsifier>, TensorMerge> then);

  /** As {@link MergeMethod#remarks}. */
  default List<String> remarks(TensorContext context, TaskVectorParameters parameters) {
    return List.of();
  }

  /**
   * Whether rescaling keeps each task vector's sum of magnitudes as it was; otherwise the
   * sparsifiers' own factors do what rescaling there is.
   */
  boolean matchesNorms(TensorContext context, TaskVectorParameters parameters);
}
