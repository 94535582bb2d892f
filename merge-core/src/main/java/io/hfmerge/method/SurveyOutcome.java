package io.hfmerge.method;

/** What a pass over all tensors comes to: the next such pass, or what the merge needs. */
public sealed interface SurveyOutcome permits Survey, SurveyOutcome.Known {

  /**
   * The end.
   *
   * @param method merges every tensor, knowing what was looked for
   */
  record Known(MergeMethod method) implements SurveyOutcome {}
}
