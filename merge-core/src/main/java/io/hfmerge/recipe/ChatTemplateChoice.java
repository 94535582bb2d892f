package io.hfmerge.recipe;

import java.util.List;

/**
 * The chat template that a recipe asks for.
 *
 * @param text {@link #AUTO}, one of {@link #NAMES}, or a Jinja template
 */
public record ChatTemplateChoice(String text) {

  /** The most frequent template among the models. */
  public static final String AUTO = "auto";

  /** Templates of published prompt formats. */
  public static final List<String> NAMES =
      List.of("alpaca", "chatml", "exaone", "llama3", "mistral");

  public ChatTemplateChoice {
    if (!isChoice(text)) {
      throw new IllegalArgumentException("no chat template: " + text);
    }
  }

  /** Whether a text is a keyword, a name, or has the braces that every Jinja template has. */
  static boolean isChoice(String text) {
    return text.equals(AUTO) || NAMES.contains(text) || text.contains("{");
  }

  /** Whether it is {@link #AUTO}. */
  public boolean isAuto() {
    return text.equals(AUTO);
  }

  /** Whether it is one of {@link #NAMES}. */
  public boolean isNamed() {
    return NAMES.contains(text);
  }
}
