package io.hfmerge.cli.output;

import java.util.Locale;

/** What the process is connected to, as the launcher found it. */
public final class Terminal {

  private static final String OUTPUT = "hfmerge.terminal.out";
  private static final String ERROR = "hfmerge.terminal.err";
  private static final int DEFAULT_COLUMNS = 100;

  private Terminal() {}

  /** Whether standard output is a terminal. */
  public static boolean isOutput() {
    return Boolean.getBoolean(OUTPUT);
  }

  /** Whether standard error is a terminal. */
  public static boolean isError() {
    return Boolean.getBoolean(ERROR);
  }

  /** Whether standard output takes colours: a terminal, and NO_COLOR is not set. */
  public static boolean hasColors() {
    String noColor = System.getenv("NO_COLOR");
    return isOutput()
        && (noColor == null || noColor.isEmpty())
        && !"dumb".equals(System.getenv("TERM"));
  }

  /** Width for tables, in characters. */
  public static int columns() {
    return DEFAULT_COLUMNS;
  }

  /**
   * The text with control characters spelled out: names come from files of others, and an escape
   * sequence in one could rewrite the screen.
   */
  public static String printable(String text) {
    StringBuilder safe = new StringBuilder(text.length());
    text.codePoints()
        .forEach(c -> {
          if (Character.isISOControl(c) || Character.getType(c) == Character.FORMAT) {
            safe.append(String.format(Locale.ROOT, "\\u%04x", c));
          } else {
            safe.appendCodePoint(c);
          }
        });
    return safe.toString();
  }

  /** As in {@code 2.2 GB}: powers of ten, like file sizes on the Hub. */
  public static String size(long bytes) {
    if (bytes < 1000) {
      return bytes + " B";
    }
    double value = bytes;
    String unit = "B";
    for (String next : new String[] {"kB", "MB", "GB", "TB", "PB"}) {
      if (value < 999.5) {
        break;
      }
      value /= 1000;
      unit = next;
    }
    return String.format(Locale.ROOT, value < 10 ? "%.2f %s" : "%.1f %s", value, unit);
  }
}
