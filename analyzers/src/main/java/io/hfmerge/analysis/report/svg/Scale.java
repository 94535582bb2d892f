package io.hfmerge.analysis.report.svg;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * An axis: numbers from {@code low} to {@code high}, as shares of its length from 0 to 1.
 *
 * @param low at the start; positive on a logarithmic scale
 * @param high at the end, above {@code low}
 * @param logarithmic whether equal ratios have equal lengths
 * @param zero whether a logarithmic scale has a place for 0, at its start
 * @param ticks marked numbers, ascending
 */
public record Scale(double low, double high, boolean logarithmic, boolean zero, List<Tick> ticks) {

  /** Decades beyond which labels are powers of ten. */
  private static final int PLAIN_DECADES = 3;

  private static final String SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

  /** Room beyond the data on either side, as a share of their range. */
  private static final double MARGIN = 0.05;

  /** A ratio below which a logarithmic scale tells less than a linear one. */
  private static final double LEAST_RATIO = 8;

  /** Room for 0 before the least positive number, as a share of the length. */
  private static final double ZERO_ROOM = 0.12;

  public Scale {
    ticks = List.copyOf(ticks);
  }

  /**
   * A marked number.
   *
   * @param value the number
   * @param label its text
   */
  public record Tick(double value, String label) {}

  /** Where a number is, from 0 to 1 within the range. */
  public double at(double value) {
    if (zero && value == 0) {
      return 0;
    }
    return logarithmic
        ? (Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low))
        : (value - low) / (high - low);
  }

  /** Whether a number is within the range. */
  public boolean holds(double value) {
    return (value >= low && value <= high) || (zero && value == 0);
  }

  /** Whole numbers from 0 to a last one, such as layers; half a step of room on either side. */
  public static Scale ofCounts(int last) {
    int step = 1;
    for (int i = 0; last / step > 6; i++) {
      step = i % 3 == 1 ? step / 2 * 5 : step * 2;
    }
    List<Tick> ticks = new ArrayList<>();
    for (int value = 0; value <= last; value += step) {
      ticks.add(new Tick(value, "" + value));
    }
    return new Scale(-0.5, last + 0.5, false, false, ticks);
  }

  /** A linear scale around numbers; NaN and infinities are left out. */
  public static Scale linear(List<Double> values) {
    double[] range = range(values);
    double room = (range[1] - range[0]) * MARGIN;
    double low = range[0] >= 0 ? Math.max(0, range[0] - room) : range[0] - room;
    double high = range[1] + room;
    if (!(high > low)) {
      low = range[0] - 0.5 * Math.max(1e-3, Math.abs(range[0]));
      high = range[0] + 0.5 * Math.max(1e-3, Math.abs(range[0]));
    }
    return linear(low, high, 5);
  }

  /** A linear scale from 0, for numbers whose size matters more than their differences. */
  public static Scale fromZero(List<Double> values) {
    double high = range(values)[1] * (1 + MARGIN);
    return linear(0, high > 0 ? high : 1, 5);
  }

  /** A linear scale with about so many ticks. */
  public static Scale linear(double low, double high, int most) {
    double step = Math.pow(10, Math.floor(Math.log10((high - low) / most)));
    for (double factor : new double[] {1, 2, 5, 10}) {
      if ((high - low) / (step * factor) <= most) {
        step *= factor;
        break;
      }
    }
    int decimals = (int) Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    List<Tick> ticks = new ArrayList<>();
    for (long i = (long) Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) {
      ticks.add(new Tick(i * step, label(i * step, decimals)));
    }
    return new Scale(low, high, false, false, ticks);
  }

  private static String label(double value, int decimals) {
    if (decimals > 5 || Math.abs(value) >= 1e6) {
      return NumberText.of(value);
    }
    return String.format(Locale.ROOT, "%." + decimals + "f", value == 0 ? 0.0 : value);
  }

  /** A logarithmic scale around positive numbers; linear where the numbers do not call for one. */
  public static Scale logarithmic(List<Double> values) {
    List<Double> finite = values.stream().filter(Double::isFinite).toList();
    double[] range = range(finite);
    if (!(range[0] > 0) || range[1] / range[0] < LEAST_RATIO) {
      return linear(finite);
    }
    double room = Math.pow(range[1] / range[0], MARGIN);
    return logarithmic(range[0] / room, range[1] * room);
  }

  /**
   * A logarithmic scale around numbers of 0 and more, with a place for 0 before the others if it is
   * among them; linear where the positive ones do not call for one.
   */
  public static Scale logarithmicFromZero(List<Double> values) {
    List<Double> positive = values.stream().filter(v -> v > 0).toList();
    Scale scale = logarithmic(positive);
    if (!values.contains(0.0)) {
      return scale;
    }
    if (!scale.logarithmic()) {
      return linear(values);
    }
    double low = scale.low() / Math.pow(scale.high() / scale.low(), ZERO_ROOM);
    List<Tick> ticks = new ArrayList<>();
    ticks.add(new Tick(0, "0"));
    ticks.addAll(scale.ticks());
    return new Scale(low, scale.high(), true, true, ticks);
  }

  /** A logarithmic scale over a range. */
  public static Scale logarithmic(double low, double high) {
    int first = (int) Math.ceil(Math.log10(low) - 1e-9);
    int last = (int) Math.floor(Math.log10(high) + 1e-9);
    List<Tick> ticks = new ArrayList<>();
    if (last - first < 2) {
      for (int decade = first - 1; decade <= last; decade++) {
        for (int factor : new int[] {1, 2, 5}) {
          double value = factor * Math.pow(10, decade);
          if (value >= low && value <= high) {
            ticks.add(new Tick(value, decadeLabel(factor, decade)));
          }
        }
      }
    } else {
      int step = (last - first) / 6 + 1;
      for (int decade = first; decade <= last; decade += step) {
        ticks.add(new Tick(Math.pow(10, decade), decadeLabel(1, decade)));
      }
    }
    return new Scale(low, high, true, false, ticks);
  }

  private static String decadeLabel(int factor, int decade) {
    if (Math.abs(decade) <= PLAIN_DECADES) {
      return label(factor * Math.pow(10, decade), Math.max(0, -decade));
    }
    StringBuilder power = new StringBuilder(factor == 1 ? "10" : factor + "·10");
    if (decade < 0) {
      power.append('⁻');
    }
    for (char digit : Integer.toString(Math.abs(decade)).toCharArray()) {
      power.append(SUPERSCRIPTS.charAt(digit - '0'));
    }
    return power.toString();
  }

  /** The least and the greatest finite number; 0 and 1 where there is none. */
  private static double[] range(List<Double> values) {
    double low = Double.POSITIVE_INFINITY;
    double high = Double.NEGATIVE_INFINITY;
    for (double value : values) {
      if (Double.isFinite(value)) {
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
    }
    return low <= high ? new double[] {low, high} : new double[] {0, 1};
  }
}
