package io.hfmerge.method;

import java.util.List;
import java.util.Optional;

/**
 * A way to make one tensor out of the same tensor of several models.
 *
 * <p>Every output tensor is merged by itself: {@link #prepare} is called for it and answers with a
 * first step, either a {@link TileKernel} that computes the output or a {@link StatisticsPass} that
 * looks at all elements and then answers with the next step. What a method needs to know of all
 * tensors together, it looks for in a {@link #survey} before.
 *
 * <p>Implementations are stateless, thread-safe, have a public constructor without parameters and
 * are named in {@code META-INF/services/io.hfmerge.method.MergeMethod}. The contract that each of
 * them keeps:
 *
 * <ul>
 *   <li>the result depends on nothing but the context and the inputs, not on the number of threads,
 *       the tile size or the block size;
 *   <li>inputs are {@code float}, coefficients and sums {@code double}; a kernel rounds each
 *       element once to {@code float}, which is stored with one rounding to the dtype of the
 *       tensor;
 *   <li>NaN in an input gives NaN in the output unless the method's own page says otherwise;
 *   <li>where a base model is required, parameters that switch every other model off give the base.
 * </ul>
 */
public interface MergeMethod {

  /** Name, source and parameters. The same value at every call. */
  MethodDescription description();

  /**
   * Decides how one tensor is merged. Called when the merge is planned, to find errors before any
   * byte is read, and again when it is carried out; must be cheap and must not keep the context.
   *
   * @throws io.hfmerge.error.InvalidRecipeException if the parameters cannot be used together for
   *     this tensor; the message names the tensor
   */
  TensorMerge prepare(TensorContext context);

  /**
   * What has to be looked for in all tensors before the first is merged. Called when the merge is
   * planned, to find errors, and when it is carried out; the method that the survey ends in then
   * merges the tensors in place of this one.
   *
   * @param tensors all tensors that this method merges, in the output's order
   * @return empty where each tensor is merged by itself
   * @throws io.hfmerge.error.InvalidRecipeException if the parameters of the tensors do not agree
   */
  default Optional<Survey<?>> survey(List<TensorContext> tensors) {
    return Optional.empty();
  }

  /**
   * What a reader of the report should know about this tensor's parameters, e.g. that weights
   * cancel; equal remarks on many tensors are reported once. What only values tell, the steps say
   * ({@link TensorMerge#remarks}).
   */
  default List<String> remarks(TensorContext context) {
    return List.of();
  }
}
