package io.hfmerge.hf.lora;

import io.hfmerge.error.UnsupportedFeatureException;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * A regular expression over module names out of an {@code adapter_config.json}, written for
 * Python's {@code re} by someone who need not be trusted: its length and the steps of each match
 * are bounded, so that no expression keeps the program busy.
 *
 * <p>Most are plain names, in which a dot stands for any character; these are compared directly.
 */
final class ModulePattern {

  /** Published ones, which list modules of vision towers, stay below 1,000. */
  private static final int MAX_LENGTH = 4096;

  /**
   * Characters looked at in one match; a name has some 100, and honest expressions read each a few
   * times.
   */
  private static final int MAX_STEPS = 200_000;

  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_.-]+");

  private final String source;
  private final String key;
  private final boolean suffix;
  private final @Nullable Pattern pattern;

  private ModulePattern(String source, String key, boolean suffix, @Nullable Pattern pattern) {
    this.source = source;
    this.key = key;
    this.suffix = suffix;
    this.pattern = pattern;
  }

  /**
   * An expression that must match a whole name, as {@code re.fullmatch}.
   *
   * @param source file and key, for messages
   */
  static ModulePattern whole(String source, String expression) {
    return compile(source, expression, false);
  }

  /** One that must match a whole name or what follows one of its dots, as rank patterns do. */
  static ModulePattern ending(String source, String expression) {
    return compile(source, expression, true);
  }

  private static ModulePattern compile(String source, String expression, boolean suffix) {
    if (expression.length() > MAX_LENGTH) {
      throw new UnsupportedFeatureException(
          "%s: expected an expression of at most %d characters, found %d"
              .formatted(source, MAX_LENGTH, expression.length()));
    }
    if (PLAIN.matcher(expression).matches()) {
      return new ModulePattern(source, expression, suffix, null);
    }
    try {
      String whole = suffix ? "(?:.*\\.)?(?:" + expression + ")" : expression;
      return new ModulePattern(source, expression, suffix, Pattern.compile(whole));
    } catch (PatternSyntaxException | StackOverflowError e) {
      throw new UnsupportedFeatureException(
          "%s: expected a regular expression, found \"%s\", which cannot be read%s"
              .formatted(
                  source,
                  expression,
                  e instanceof PatternSyntaxException syntax ? ": " + syntax.getDescription() : ""),
          e);
    }
  }

  /**
   * Whether a module's name matches.
   *
   * @throws UnsupportedFeatureException if that takes too many steps to find out
   */
  boolean matches(String module) {
    if (pattern == null) {
      return matchesPlain(module);
    }
    try {
      return pattern.matcher(new CountedText(module)).matches();
    } catch (TooManySteps | StackOverflowError e) {
      throw new UnsupportedFeatureException(
          "%s: the expression \"%s\" takes more than %d steps on the module \"%s\""
              .formatted(source, key, MAX_STEPS, module),
          e);
    }
  }

  private boolean matchesPlain(String module) {
    int from = module.length() - key.length();
    if (from < 0 || (from > 0 && (!suffix || module.charAt(from - 1) != '.'))) {
      return false;
    }
    for (int i = 0; i < key.length(); i++) {
      char expected = key.charAt(i);
      if (expected != '.' && expected != module.charAt(from + i)) {
        return false;
      }
    }
    return true;
  }

  private static final class TooManySteps extends RuntimeException {

    private static final long serialVersionUID = 1L;

    TooManySteps() {
      super("too many steps", null, false, false);
    }
  }

  /** A text that counts how often it is looked at. */
  private static final class CountedText implements CharSequence {

    private final CharSequence text;
    private int steps;

    CountedText(CharSequence text) {
      this.text = text;
    }

    @Override
    public int length() {
      return text.length();
    }

    @Override
    public char charAt(int index) {
      if (++steps > MAX_STEPS) {
        throw new TooManySteps();
      }
      return text.charAt(index);
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return text.subSequence(start, end);
    }

    @Override
    public String toString() {
      return text.toString();
    }
  }
}
