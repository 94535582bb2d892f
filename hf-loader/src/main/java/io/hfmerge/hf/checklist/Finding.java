package io.hfmerge.hf.checklist;

/**
 * A fault of a model folder.
 *
 * @param where file or tensor
 * @param expected what a sound folder has
 * @param found what is there
 */
public record Finding(String where, String expected, String found) {

  /** A tensor as findings name it. */
  public static String tensor(String name) {
    return "tensor \"" + name + '"';
  }

  /** One line. */
  public String describe() {
    return where + ": expected " + expected + ", found " + found;
  }
}
