package io.hfmerge.examples.experiment;

import java.util.Locale;

/** How numbers are written for people. */
public final class Numbers {

  private Numbers() {}

  /** Three significant digits, as in {@code 0.0123} or {@code 1.23e-06}. */
  public static String brief(double value) {
    double size = Math.abs(value);
    if (value == 0) {
      return "0";
    }
    if (!Double.isFinite(value) || size < 1e-3 || size >= 1e5) {
      return String.format(Locale.ROOT, "%.2e", value);
    }
    int decimals = Math.max(0, 2 - (int) Math.floor(Math.log10(size)));
    return String.format(Locale.ROOT, "%." + decimals + "f", value);
  }

  /** As short as it is exact, for names of groups: {@code 0}, {@code 0.001}, {@code 1e-05}. */
  public static String exact(double value) {
    if (value == Math.rint(value) && Math.abs(value) < 1e9) {
      return Long.toString((long) value);
    }
    if (Math.abs(value) < 1e-3) {
      return String.format(Locale.ROOT, "%.6e", value).replaceAll("\\.?0+e", "e");
    }
    return Double.toString(value);
  }
}
