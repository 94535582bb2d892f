package io.hfmerge.examples.experiment;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A figure as SVG: a line per group, and a band of one standard deviation around it. */
final class Chart {

  private static final int WIDTH = 720;
  private static final int HEIGHT = 420;
  private static final int LEFT = 74;
  private static final int TOP = 40;
  private static final int BOTTOM = 52;
  private static final int LEGEND = 190;
  private static final int TICKS = 6;

  /** More values than this span on a logarithmic axis are cut off below. */
  private static final double MOST_DECADES = 18;

  /** Okabe and Ito's colours, which the colour-blind can tell apart; dashes after eight. */
  private static final List<String> COLORS =
      List.of(
          "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#8a8a00");

  private final Figure figure;
  private final Measurements measurements;
  private final StringBuilder svg = new StringBuilder();

  Chart(Figure figure, Measurements measurements) {
    this.figure = figure;
    this.measurements = measurements;
  }

  /** Places on an axis in [0, 1]. */
  private record Axis(double low, double high, boolean logarithmic, double zero) {

    static Axis of(List<Double> values, boolean logarithmic) {
      List<Double> usable =
          values.stream().filter(v -> Double.isFinite(v) && (!logarithmic || v > 0)).toList();
      double low = usable.stream().mapToDouble(v -> v).min().orElse(logarithmic ? 1 : 0);
      double high = usable.stream().mapToDouble(v -> v).max().orElse(1);
      if (logarithmic) {
        low = Math.log10(Math.max(low, high * Math.pow(10, -MOST_DECADES)));
        high = Math.log10(high);
        boolean hasZero = values.contains(0.0);
        double zero = low - Math.max(0.3, (high - low) * 0.12);
        low = hasZero ? zero : low;
        if (high - low < 0.2) {
          low -= 0.1;
          high += 0.1;
        }
        return new Axis(low, high, true, hasZero ? zero : Double.NaN);
      }
      if (high - low < 1e-12 * Math.max(1, Math.abs(high))) {
        low -= 0.5 * Math.max(1e-3, Math.abs(low));
        high += 0.5 * Math.max(1e-3, Math.abs(high));
      }
      double margin = 0.04 * (high - low);
      return new Axis(low >= 0 ? Math.max(0, low - margin) : low - margin, high + margin, false, 0);
    }

    double at(double value) {
      double place = logarithmic ? value == 0 ? zero : Math.log10(value) : value;
      return (place - low) / (high - low);
    }

    boolean shows(double value) {
      return Double.isFinite(value)
          && (!logarithmic || value > 0 || (value == 0 && !Double.isNaN(zero)));
    }

    List<Double> ticks() {
      List<Double> ticks = new ArrayList<>();
      if (logarithmic) {
        if (!Double.isNaN(zero)) {
          ticks.add(0.0);
        }
        int step = Math.max(1, (int) Math.ceil((high - low) / TICKS));
        for (int p = (int) Math.ceil(low - 1e-9); p <= high + 1e-9; p += step) {
          if (Double.isNaN(zero) || p > zero + 0.15) {
            ticks.add(Math.pow(10, p));
          }
        }
        return ticks;
      }
      double raw = (high - low) / TICKS;
      double power = Math.pow(10, Math.floor(Math.log10(raw)));
      double step = power * (raw / power > 5 ? 10 : raw / power > 2 ? 5 : raw / power > 1 ? 2 : 1);
      for (double t = Math.ceil(low / step) * step; t <= high + 1e-9 * step; t += step) {
        ticks.add(Math.abs(t) < 1e-9 * step ? 0 : t);
      }
      return ticks;
    }
  }

  String svg() {
    List<String> groups = measurements.groups(figure.metric());
    List<Double> xs = new ArrayList<>();
    List<Double> ys = new ArrayList<>();
    for (String group : groups) {
      for (double x : measurements.places(figure.metric(), group)) {
        Statistics at = measurements.at(figure.metric(), group, x);
        xs.add(x);
        if (at.mean() != 0 || !figure.logY()) {
          ys.add(at.mean() + at.deviation());
          ys.add(figure.logY() ? at.mean() : at.mean() - at.deviation());
        }
      }
    }
    Axis horizontal = Axis.of(xs, figure.logX());
    Axis vertical = Axis.of(ys, figure.logY());
    svg.append(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\""
            .formatted(WIDTH, HEIGHT));
    svg.append(" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
    text(LEFT, 22, "start", figure.title(), " font-size=\"14\" font-weight=\"bold\"");
    drawAxes(horizontal, vertical);
    for (int i = 0; i < groups.size(); i++) {
      drawGroup(i, groups.get(i), horizontal, vertical);
    }
    return svg.append("</svg>\n").toString();
  }

  private static double x(double share) {
    return LEFT + share * (WIDTH - LEFT - LEGEND);
  }

  private static double y(double share) {
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
  }

  private void drawAxes(Axis horizontal, Axis vertical) {
    for (double tick : horizontal.ticks()) {
      double at = x(horizontal.at(tick));
      line(at, y(0), at, y(1), "#e5e5e5");
      text(at, y(0) + 18, "middle", label(tick), "");
    }
    for (double tick : vertical.ticks()) {
      double at = y(vertical.at(tick));
      line(x(0), at, x(1), at, "#e5e5e5");
      text(x(0) - 6, at + 4, "end", label(tick), "");
    }
    line(x(0), y(0), x(1), y(0), "#444");
    line(x(0), y(0), x(0), y(1), "#444");
    text((x(0) + x(1)) / 2, HEIGHT - 12, "middle", figure.xLabel(), "");
    double middle = (y(0) + y(1)) / 2;
    text(
        16,
        middle,
        "middle",
        figure.yLabel(),
        " transform=\"rotate(-90 16 %s)\"".formatted(number(middle)));
  }

  private void drawGroup(int index, String group, Axis horizontal, Axis vertical) {
    String color = COLORS.get(index % COLORS.size());
    String dash = index < COLORS.size() ? "" : " stroke-dasharray=\"5 3\"";
    StringBuilder points = new StringBuilder();
    List<String> upper = new ArrayList<>();
    List<String> lower = new ArrayList<>();
    List<double[]> dots = new ArrayList<>();
    for (double place : measurements.places(figure.metric(), group)) {
      Statistics at = measurements.at(figure.metric(), group, place);
      if (!vertical.shows(at.mean()) || !horizontal.shows(place)) {
        continue;
      }
      double px = x(horizontal.at(place));
      double py = y(Math.clamp(vertical.at(at.mean()), 0, 1));
      points.append(number(px)).append(',').append(number(py)).append(' ');
      dots.add(new double[] {px, py});
      double low = at.mean() - at.deviation();
      double down = vertical.shows(low) ? Math.clamp(vertical.at(low), 0, 1) : 0;
      double up = Math.clamp(vertical.at(at.mean() + at.deviation()), 0, 1);
      upper.add(number(px) + "," + number(y(up)));
      lower.addFirst(number(px) + "," + number(y(down)));
    }
    if (upper.size() > 1) {
      svg.append("<polygon fill=\"%s\" fill-opacity=\"0.15\" points=\"".formatted(color));
      svg.append(String.join(" ", upper)).append(' ').append(String.join(" ", lower));
      svg.append("\"/>\n");
      svg.append("<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"1.8\"".formatted(color));
      svg.append(dash).append(" points=\"").append(points.toString().strip()).append("\"/>\n");
    }
    if (dots.size() <= 40) {
      for (double[] dot : dots) {
        svg.append(
            "<circle cx=\"%s\" cy=\"%s\" r=\"2.6\" fill=\"%s\"/>\n"
                .formatted(number(dot[0]), number(dot[1]), color));
      }
    }
    double at = TOP + 8 + 18.0 * index;
    svg.append(
        "<line x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\" stroke=\"%s\" stroke-width=\"2.5\"%s/>\n"
            .formatted(number(x(1) + 12), number(at), number(x(1) + 34), number(at), color, dash));
    text(x(1) + 40, at + 4, "start", group, "");
  }

  private void line(double x1, double y1, double x2, double y2, String color) {
    svg.append(
        "<line x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\" stroke=\"%s\"/>\n"
            .formatted(number(x1), number(y1), number(x2), number(y2), color));
  }

  private void text(double x, double y, String anchor, String text, String more) {
    svg.append(
        "<text x=\"%s\" y=\"%s\" text-anchor=\"%s\"%s>%s</text>\n"
            .formatted(
                number(x),
                number(y),
                anchor,
                more,
                text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")));
  }

  private static String label(double value) {
    double rounded = Double.parseDouble(String.format(Locale.ROOT, "%.6e", value));
    return Numbers.exact(rounded);
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }
}
