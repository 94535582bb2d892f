package io.hfmerge.method;

/** What a method does with the base model. */
public enum BaseModelUse {
  /** Nothing: a base model only lends names, order and companion files. */
  UNUSED,
  /** Uses it where the recipe names one. */
  OPTIONAL,
  /** Cannot do without. */
  REQUIRED
}
