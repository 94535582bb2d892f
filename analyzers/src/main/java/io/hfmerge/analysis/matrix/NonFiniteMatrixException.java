package io.hfmerge.analysis.matrix;

import java.util.Optional;

/** A matrix that holds NaN or infinity and therefore has no spectrum; the message counts them. */
public final class NonFiniteMatrixException extends Exception {

  private static final long serialVersionUID = 1L;

  public NonFiniteMatrixException(String message) {
    super(message);
  }

  /** Counts what is not finite and says so. */
  public static NonFiniteMatrixException in(MatrixSource source) {
    return new NonFiniteMatrixException(count(source).orElse("squares of its elements overflow"));
  }

  /** How many elements are not finite, in words; empty if all are. */
  public static Optional<String> count(MatrixSource source) {
    int lines = source.longSide();
    int length = source.shortSide();
    double[] line = new double[length];
    long nan = 0;
    long infinite = 0;
    for (int i = 0; i < lines; i++) {
      source.read(source.longWay(), i, 1, line, length);
      for (double value : line) {
        if (Double.isNaN(value)) {
          nan++;
        } else if (Double.isInfinite(value)) {
          infinite++;
        }
      }
    }
    return nan + infinite == 0
        ? Optional.empty()
        : Optional.of(
            "%d NaN and %d infinite of %d elements"
                .formatted(nan, infinite, (long) lines * length));
  }
}
