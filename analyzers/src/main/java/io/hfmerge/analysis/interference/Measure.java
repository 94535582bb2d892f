package io.hfmerge.analysis.interference;

/**
 * What a number says.
 *
 * @param key its name in JSON and CSV
 * @param title its name in tables
 * @param scope of how many task vectors it speaks
 * @param overlap whether it is a share of something shared, from 0 to 1, to be read above chance
 * @param meaning the formula and how to read it
 */
public record Measure(String key, String title, Scope scope, boolean overlap, String meaning) {

  /** A measure that is no overlap. */
  Measure(String key, String title, Scope scope, String meaning) {
    this(key, title, scope, false, meaning);
  }

  /** Of how many task vectors a measure speaks. */
  public enum Scope {
    /** Of two, symmetric: {@code first < second}. */
    PAIR,
    /** Of two: what {@code second} does to {@code first}. */
    DIRECTED,
    /** Of one, beside or within the sum. */
    TASK,
    /** Of all together. */
    SUM
  }
}
