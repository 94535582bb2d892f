package io.hfmerge.recipe;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A parameter's value for the tensors that a filter lets through.
 *
 * @param filter part of a tensor's name (plain text, no pattern); {@link #ANY} lets all through
 * @param knots one number, or several for the layers from first to last
 * @param truth whether it is written as true and false, which are 1 and 0 here
 * @param word what is written where it is neither number nor truth value: one of the words that the
 *     parameter knows; {@code knots} is then a zero
 */
public record ParameterRule(
    String filter, List<Double> knots, boolean truth, @Nullable String word) {

  /** Filter of a rule for all tensors. */
  public static final String ANY = "*";

  /** A rule of numbers or truth values. */
  public ParameterRule(String filter, List<Double> knots, boolean truth) {
    this(filter, knots, truth, null);
  }

  /** A rule of one word. */
  public static ParameterRule ofWord(String filter, String word) {
    return new ParameterRule(filter, List.of(0.0), false, word);
  }

  public ParameterRule {
    knots = List.copyOf(knots);
    if (filter.isEmpty()) {
      throw new IllegalArgumentException("an empty filter; for all tensors it is \"*\"");
    }
    if (knots.isEmpty()) {
      throw new IllegalArgumentException("a value needs at least one number");
    }
    if (word != null && (word.isBlank() || truth || !knots.equals(List.of(0.0)))) {
      throw new IllegalArgumentException("not a word: " + word);
    }
    for (double knot : knots) {
      if (!Double.isFinite(knot) || (truth && knot != 0 && knot != 1)) {
        throw new IllegalArgumentException("not a value: " + knot);
      }
    }
  }

  /** Whether the rule holds for a tensor. */
  public boolean covers(String tensorName) {
    return filter.equals(ANY) || tensorName.contains(filter);
  }

  /**
   * Interpolates linearly between knots that are equally spaced over the layers.
   *
   * @param position place in the stack of layers, 0 for the first to 1 for the last
   */
  public double at(double position) {
    double scaled = position * (knots.size() - 1);
    int below = Math.min((int) scaled, knots.size() - 1);
    int above = Math.min(below + 1, knots.size() - 1);
    double share = scaled - below;
    double low = knots.get(below);
    return share == 0 ? low : (1 - share) * low + share * knots.get(above);
  }

  /**
   * The last knot that is not behind a position, for values that have nothing between them.
   *
   * @param position place in the stack of layers, 0 for the first to 1 for the last
   */
  public double stepAt(double position) {
    return knots.get(Math.min((int) (position * (knots.size() - 1)), knots.size() - 1));
  }
}
