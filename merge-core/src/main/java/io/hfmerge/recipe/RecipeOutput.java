package io.hfmerge.recipe;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A model that a recipe file asks for.
 *
 * @param name of its folder; {@code null} for the only output of a file without {@code outputs}
 * @param recipe complete, with what the output changes
 */
public record RecipeOutput(@Nullable String name, Recipe recipe) {

  /** Names become names of folders on any system, and must not look like a path or a Hub id. */
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}");

  static final String NAME_EXPECTED =
      "expected up to 100 letters, digits, dots, underscores or hyphens, a letter or digit first";

  public RecipeOutput {
    if (name != null && !isName(name)) {
      throw new IllegalArgumentException("\"" + name + "\": " + NAME_EXPECTED);
    }
  }

  static boolean isName(String name) {
    return NAME.matcher(name).matches() && !name.endsWith(".");
  }
}
