package io.hfmerge.recipe;

/**
 * Consecutive layers of a model.
 *
 * @param start first layer, from 0
 * @param end layer after the last one
 */
public record LayerRange(int start, int end) {

  public LayerRange {
    if (start < 0 || end <= start) {
      throw new IllegalArgumentException("no layers from " + start + " to before " + end);
    }
  }

  /** Number of layers. */
  public int length() {
    return end - start;
  }

  /** As in {@code [0, 24]}, the end not included. */
  @Override
  public String toString() {
    return "[" + start + ", " + end + "]";
  }
}
