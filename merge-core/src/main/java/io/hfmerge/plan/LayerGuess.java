package io.hfmerge.plan;

import java.util.regex.Pattern;

/** Whether a tensor that a model lacks would leave a hole in a layer. */
final class LayerGuess {

  /** A number as a part of its own is a layer where no definition says what is one. */
  private static final Pattern NUMBERED = Pattern.compile("(^|\\.)\\d+\\.");

  private LayerGuess() {}

  static boolean inLayer(CanonicalIndex model, String canonical) {
    TensorNaming naming = model.naming();
    return naming.layer(canonical).isPresent()
        || (naming.equals(TensorNaming.PLAIN) && NUMBERED.matcher(canonical).find());
  }
}
