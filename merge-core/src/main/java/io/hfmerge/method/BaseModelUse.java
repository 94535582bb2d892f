package io.hfmerge.method;

/** What a method does with the base model. */
public enum BaseModelUse {
  /** Nothing: a base model only lends names, order and companion files. */
  UNUSED,
  /**
   * Nothing, as {@link #UNUSED}; but under {@code compat: mergekit} a base that is not among the
   * models is merged as one more of them, after the others, with default parameters.
   */
  MODEL_IN_MERGEKIT,
  /** Uses it where the recipe names one. */
  OPTIONAL,
  /** Cannot do without. */
  REQUIRED;

  /** Whether the base is treated unlike the models, so that it has no parameters of its own. */
  public boolean isSpecial() {
    return this == OPTIONAL || this == REQUIRED;
  }
}
