package io.hfmerge.hf.djl.model;

import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.arch.BalanceTraits;
import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.hf.djl.block.RotaryEmbedding;
import io.hfmerge.hf.djl.block.RotaryEmbedding.Pairing;
import io.hfmerge.hf.djl.block.RotaryScaling;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/** Reads rotary positions from a config, in the spelling of any release. */
final class RotarySettings {

  private static final double DEFAULT_BASE = 10_000;

  private static final double YARN_FAST = 32;
  private static final double YARN_SLOW = 1;

  private RotarySettings() {}

  /** The rotation of a model; null where nothing rotates. */
  static @Nullable RotaryEmbedding read(ModelConfig config, BalanceTraits traits, int headWidth) {
    Pairing pairing =
        switch (traits.rotary()) {
          case NONE -> null;
          case HALF_SPLIT -> Pairing.HALF_SPLIT;
          case INTERLEAVED -> Pairing.INTERLEAVED;
        };
    int width = traits.rotaryWidth();
    if (pairing == null || width == 0) {
      return null;
    }
    if (width % 2 != 0) {
      throw config.malformed(
          "partial_rotary_factor", "a rotated width that is even", String.valueOf(width));
    }
    double base = base(config);
    return RotaryEmbedding.of(pairing, base, width, scaling(config, base), headWidth);
  }

  private static double base(ModelConfig config) {
    Optional<ModelConfig> settings = config.object("rope_parameters");
    OptionalDouble base =
        settings.isPresent() ? settings.get().number("rope_theta") : OptionalDouble.empty();
    if (base.isEmpty()) {
      base = config.number("rope_theta", "rotary_emb_base");
    }
    if (base.isEmpty() && settings.isPresent()) {
      throw settings.get().malformed("rope_theta", "the base of the rotation", "nothing");
    }
    double value = base.orElse(DEFAULT_BASE);
    if (value <= 1) {
      throw config.malformed("rope_theta", "a number above 1", String.valueOf(value));
    }
    return value;
  }

  private static RotaryScaling scaling(ModelConfig config, double base) {
    Optional<ModelConfig> found = config.rotarySettings();
    if (found.isEmpty()) {
      return new RotaryScaling.Plain();
    }
    ModelConfig settings = found.get();
    String type = settings.string("rope_type", "type").orElse("default");
    return switch (type) {
      // dynamic NTK changes nothing within the model's limit, and longer inputs are refused
      case "default", "dynamic" -> new RotaryScaling.Plain();
      case "linear" -> new RotaryScaling.Linear(positive(settings, "factor"));
      case "llama3" ->
          new RotaryScaling.Llama3(
              positive(settings, "factor"),
              positive(settings, "low_freq_factor"),
              positive(settings, "high_freq_factor"),
              positive(settings, "original_max_position_embeddings"));
      case "yarn" -> yarn(config, settings, base);
      default ->
          throw new UnsupportedFeatureException(
              "%s: rotary type \"%s\": expected default, linear, dynamic, llama3 or yarn"
                  .formatted(config, type));
    };
  }

  private static RotaryScaling yarn(ModelConfig config, ModelConfig settings, double base) {
    if (settings.has("mscale") || settings.has("mscale_all_dim")) {
      throw new UnsupportedFeatureException(
          config + ": yarn with mscale is not supported in this version");
    }
    double factor = positive(settings, "factor");
    double original =
        settings.has("original_max_position_embeddings")
            ? positive(settings, "original_max_position_embeddings")
            : positive(config, "max_position_embeddings");
    double amplitude = factor <= 1 ? 1 : 0.1 * Math.log(factor) + 1;
    return new RotaryScaling.Yarn(
        factor,
        settings.number("beta_fast").orElse(YARN_FAST),
        settings.number("beta_slow").orElse(YARN_SLOW),
        original,
        base,
        settings.number("attention_factor").orElse(amplitude));
  }

  private static double positive(ModelConfig settings, String key) {
    OptionalDouble value = settings.number(key);
    if (value.isEmpty() || value.getAsDouble() <= 0) {
      throw settings.malformed(
          key,
          "a number above 0",
          value.isEmpty() ? "nothing" : String.valueOf(value.getAsDouble()));
    }
    return value.getAsDouble();
  }
}
