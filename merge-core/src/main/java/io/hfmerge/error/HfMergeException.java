package io.hfmerge.error;

import org.jspecify.annotations.Nullable;

/**
 * What hfmerge refuses, by kind. Messages say what, where, expected, found, and what to do. I/O
 * faults stay {@link java.io.IOException}.
 */
public abstract sealed class HfMergeException extends RuntimeException
    permits AccessRefusedException,
        MalformedCheckpointException,
        MalformedReportException,
        IncompatibleCheckpointsException,
        InvalidRecipeException,
        UnresolvedReferenceException,
        UnfinishedMergeException,
        InputChangedException,
        NonFiniteOutputException,
        MemoryBudgetException,
        OutputExistsException,
        UnsupportedFeatureException {

  private static final long serialVersionUID = 1L;

  HfMergeException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
