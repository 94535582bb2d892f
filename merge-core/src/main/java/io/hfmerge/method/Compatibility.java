package io.hfmerge.method;

/** Whose numbers are wanted where hfmerge and mergekit differ on purpose. */
public enum Compatibility {
  /** The papers' mathematics with known defects of mergekit repaired. */
  HFMERGE,
  /** mergekit's, as computed in float32. */
  MERGEKIT
}
