package io.hfmerge.hf.arch;

import io.hfmerge.hf.arch.BalanceTraits.Rotary;
import io.hfmerge.hf.config.ModelConfig;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * How a family rotates queries and keys: part of the vocabulary of {@link Architecture}.
 *
 * @param kind pairing of components
 * @param fractionKeys config keys of the rotated fraction of a head, looked up in {@code
 *     rope_parameters} first
 * @param defaultFraction fraction where those keys are absent
 * @param widthKeys config keys of the rotated width itself
 */
public record RotaryRule(
    Rotary kind, List<String> fractionKeys, double defaultFraction, List<String> widthKeys) {

  /** No rotation. */
  public static final RotaryRule NONE = new RotaryRule(Rotary.NONE, List.of(), 0, List.of());

  /** Half split over the whole head, or the part that {@code partial_rotary_factor} says. */
  public static final RotaryRule HALF_SPLIT = halfSplit(1, "partial_rotary_factor");

  public RotaryRule {
    fractionKeys = List.copyOf(fractionKeys);
    widthKeys = List.copyOf(widthKeys);
  }

  /** Half split over a fraction of the head. */
  public static RotaryRule halfSplit(double defaultFraction, String... fractionKeys) {
    return new RotaryRule(Rotary.HALF_SPLIT, List.of(fractionKeys), defaultFraction, List.of());
  }

  /** Interleaved pairs over a width that the config states, else over the whole head. */
  public static RotaryRule interleaved(String... widthKeys) {
    return new RotaryRule(Rotary.INTERLEAVED, List.of(), 1, List.of(widthKeys));
  }

  /** Rotated components of a head of this width. */
  int width(ModelConfig config, int headWidth) {
    if (kind == Rotary.NONE) {
      return 0;
    }
    OptionalInt width = config.count(headWidth, widthKeys.toArray(String[]::new));
    return width.isPresent() ? width.getAsInt() : (int) (headWidth * fraction(config));
  }

  private double fraction(ModelConfig config) {
    String[] keys = fractionKeys.toArray(String[]::new);
    Optional<ModelConfig> settings = config.rotarySettings();
    ModelConfig holder = settings.isPresent() && settings.get().has(keys) ? settings.get() : config;
    OptionalDouble fraction = holder.number(keys);
    if (fraction.isPresent() && !(fraction.getAsDouble() > 0 && fraction.getAsDouble() <= 1)) {
      throw holder.malformed(
          String.join(" or ", keys),
          "a number above 0, at most 1",
          String.valueOf(fraction.getAsDouble()));
    }
    return fraction.orElse(defaultFraction);
  }
}
