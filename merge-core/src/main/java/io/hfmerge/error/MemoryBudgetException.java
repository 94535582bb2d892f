package io.hfmerge.error;

import org.jspecify.annotations.Nullable;

/**
 * The memory that was allowed does not hold the smallest pieces that the work can be cut into; the
 * message says how much does.
 */
public final class MemoryBudgetException extends HfMergeException {

  private static final long serialVersionUID = 1L;

  public MemoryBudgetException(String message) {
    this(message, null);
  }

  public MemoryBudgetException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
