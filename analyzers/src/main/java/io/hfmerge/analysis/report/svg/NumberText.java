package io.hfmerge.analysis.report.svg;

import java.util.Locale;

/** Numbers for people: four significant digits or so, without a locale. */
public final class NumberText {

  private NumberText() {}

  /** A number; very small and large ones with an exponent. */
  public static String of(double value) {
    if (Double.isNaN(value)) {
      return "–";
    }
    double size = Math.abs(value);
    if (size != 0 && (size < 1e-3 || size >= 1e6)) {
      return String.format(Locale.ROOT, "%.2e", value);
    }
    return String.format(Locale.ROOT, size >= 1000 ? "%.1f" : size >= 10 ? "%.2f" : "%.3f", value);
  }

  /** Three significant digits, for narrow places. */
  static String brief(double value) {
    double size = Math.abs(value);
    if (size != 0 && (size < 1e-2 || size >= 1e4)) {
      return String.format(Locale.ROOT, "%.0e", value).replace("e+0", "e").replace("e-0", "e-");
    }
    return String.format(Locale.ROOT, size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : "%.2f", value);
  }

  /** A whole number without decimals; any other as {@link #of}. */
  static String count(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e9 ? "" + (long) value : of(value);
  }
}
