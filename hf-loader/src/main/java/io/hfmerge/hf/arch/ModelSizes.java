package io.hfmerge.hf.arch;

import io.hfmerge.hf.config.ModelConfig;
import java.util.List;
import java.util.OptionalInt;

/**
 * The numbers that decide the shapes of a layer's weights, checked.
 *
 * @param hidden residual width d
 * @param heads attention heads H
 * @param kvHeads key/value heads G, a divisor of H
 * @param headWidth width h of a head
 * @param mlpWidth MLP width f
 */
record ModelSizes(int hidden, int heads, int kvHeads, int headWidth, int mlpWidth) {

  /** Most layers of a stack: ten times what anyone has published, and cheap to hold. */
  static final int MAX_LAYERS = 100_000;

  private static final int MAX_HEADS = 1_000_000;
  private static final int MAX_WIDTH = 100_000_000;

  /** Reads and checks the sizes that {@code keys} name. */
  static ModelSizes read(ModelConfig config, SizeKeys keys) {
    int hidden = config.requiredCount(MAX_WIDTH, array(keys.hidden()));
    int heads = config.requiredCount(MAX_HEADS, array(keys.heads()));
    int kvHeads = config.count(MAX_HEADS, array(keys.kvHeads())).orElse(heads);
    if (heads % kvHeads != 0) {
      throw config.malformed(
          String.join(" or ", keys.kvHeads()),
          "a divisor of the " + heads + " heads",
          String.valueOf(kvHeads));
    }
    OptionalInt statedWidth = config.count(MAX_WIDTH, array(keys.headWidth()));
    if (statedWidth.isEmpty() && hidden % heads != 0) {
      throw config.malformed(
          String.join(" or ", keys.heads()),
          "a divisor of the hidden width " + hidden,
          String.valueOf(heads));
    }
    OptionalInt statedMlp = config.count(MAX_WIDTH, array(keys.mlpWidth()));
    if (statedMlp.isEmpty() && keys.mlpFactor() == 0) {
      throw config.malformed(
          String.join(" or ", keys.mlpWidth()), "the width of the MLP", "nothing");
    }
    return new ModelSizes(
        hidden,
        heads,
        kvHeads,
        statedWidth.orElse(hidden / heads),
        statedMlp.orElse(Math.multiplyExact(hidden, keys.mlpFactor())));
  }

  /** Rows of a role, {@code [out, in]}. */
  long rows(Role role) {
    return switch (role) {
      case Q -> (long) heads * headWidth;
      case K, V -> (long) kvHeads * headWidth;
      case QKV -> (heads + 2L * kvHeads) * headWidth;
      case O, M2 -> hidden;
      case M1, GATE -> mlpWidth;
      case OTHER -> throw new IllegalArgumentException("no shape for " + role);
    };
  }

  /** Columns of a role, {@code [out, in]}. */
  long columns(Role role) {
    return switch (role) {
      case Q, K, V, QKV, M1, GATE -> hidden;
      case O -> (long) heads * headWidth;
      case M2 -> mlpWidth;
      case OTHER -> throw new IllegalArgumentException("no shape for " + role);
    };
  }

  /** In words, for messages about shapes. */
  String describe() {
    return "hidden width %d, %d heads and %d key/value heads of width %d, MLP width %d"
        .formatted(hidden, heads, kvHeads, headWidth, mlpWidth);
  }

  private static String[] array(List<String> keys) {
    return keys.toArray(String[]::new);
  }
}
