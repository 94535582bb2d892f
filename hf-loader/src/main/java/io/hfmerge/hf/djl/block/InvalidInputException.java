package io.hfmerge.hf.djl.block;

/** An input that the model cannot take: an id without a row, a sequence too long, a wrong shape. */
public final class InvalidInputException extends IllegalArgumentException {

  private static final long serialVersionUID = 1;

  /**
   * @param message what was expected and what was found
   */
  public InvalidInputException(String message) {
    super(message);
  }
}
