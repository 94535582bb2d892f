package io.hfmerge.hf.json;

import java.util.Iterator;
import java.util.List;
import java.util.Map;
import tools.jackson.core.io.JsonStringEncoder;

/**
 * Writes JSON for files of thousands of short entries, such as manifests and journals, from maps,
 * lists, texts, numbers and truth values. Data binding, which takes long to start, is not needed.
 */
public final class JsonText {

  /** Levels that {@link #lines} gives lines of their own. */
  private static final int LINED_LEVELS = 2;

  private final StringBuilder text = new StringBuilder();
  private final int linedLevels;

  private JsonText(int linedLevels) {
    this.linedLevels = linedLevels;
  }

  /** Everything on one line, without a line break. */
  public static String line(Object value) {
    return write(value, 0);
  }

  /**
   * Two levels line by line with two spaces of indent, and what is below them on the line of its
   * key; with a final line break.
   */
  public static String lines(Object value) {
    return write(value, LINED_LEVELS) + "\n";
  }

  private static String write(Object value, int linedLevels) {
    JsonText json = new JsonText(linedLevels);
    json.append(value, 0);
    return json.text.toString();
  }

  private void append(Object value, int level) {
    switch (value) {
      case Map<?, ?> map -> appendMap(map, level + 1);
      case List<?> list -> appendList(list, level + 1);
      case String string -> appendString(string);
      case Integer number -> text.append(number);
      case Long number -> text.append(number);
      // JSON has no NaN and no infinity
      case Double number when !Double.isFinite(number) -> appendString(number.toString());
      case Double number -> text.append(number);
      case Boolean truth -> text.append(truth);
      default -> throw new IllegalArgumentException("no JSON: " + value.getClass());
    }
  }

  private void appendMap(Map<?, ?> map, int level) {
    text.append('{');
    for (Iterator<? extends Map.Entry<?, ?>> it = map.entrySet().iterator(); it.hasNext(); ) {
      Map.Entry<?, ?> entry = it.next();
      breakLine(level, level);
      appendString(entry.getKey().toString());
      text.append(": ");
      append(entry.getValue(), level);
      separate(it.hasNext(), level);
    }
    if (!map.isEmpty()) {
      breakLine(level, level - 1);
    }
    text.append('}');
  }

  private void appendList(List<?> list, int level) {
    text.append('[');
    for (Iterator<?> it = list.iterator(); it.hasNext(); ) {
      breakLine(level, level);
      append(it.next(), level);
      separate(it.hasNext(), level);
    }
    if (!list.isEmpty()) {
      breakLine(level, level - 1);
    }
    text.append(']');
  }

  private void separate(boolean more, int level) {
    if (more) {
      text.append(level <= linedLevels ? "," : ", ");
    }
  }

  private void breakLine(int level, int indent) {
    if (level <= linedLevels) {
      text.append('\n').append("  ".repeat(indent));
    }
  }

  private void appendString(String string) {
    text.append('"');
    JsonStringEncoder.getInstance().quoteAsString(string, text);
    text.append('"');
  }
}
