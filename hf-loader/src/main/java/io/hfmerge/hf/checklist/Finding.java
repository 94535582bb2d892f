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

  /** One line, also of a message that has several. */
  public String describe() {
    String line = where + ": expected " + expected + ", found " + found;
    return line.replaceAll(":\\s*\\R\\s*", ": ").replaceAll("\\s*\\R\\s*", "; ");
  }
}
