package io.hfmerge.recipe;

import java.util.Locale;

/** What becomes of a tensor whose shape is not the same in all models. */
public enum MismatchPolicy {
  /** The merge is refused. */
  REFUSE,
  /** Matrices of the vocabulary are cut to the rows and columns that all have; others refused. */
  CROP,
  /** A model whose shape differs from the base's is left out of that tensor. */
  SKIP;

  /** How recipes spell it. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
