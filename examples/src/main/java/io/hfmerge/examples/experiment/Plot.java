package io.hfmerge.examples.experiment;

import io.hfmerge.analysis.report.svg.LegendPanel;
import io.hfmerge.analysis.report.svg.LinePanel;
import io.hfmerge.analysis.report.svg.LinePanel.Interval;
import io.hfmerge.analysis.report.svg.LinePanel.Kind;
import io.hfmerge.analysis.report.svg.LinePanel.Line;
import io.hfmerge.analysis.report.svg.LinePanel.XY;
import io.hfmerge.analysis.report.svg.Panel;
import io.hfmerge.analysis.report.svg.Scale;
import io.hfmerge.analysis.report.svg.ScatterPanel;
import io.hfmerge.analysis.report.svg.ScatterPanel.Dot;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** A figure's measurements as the reports' SVG: a series per group, named in a legend. */
final class Plot {

  private static final double WIDTH = 560;
  private static final double HEIGHT = 330;

  /** More values than this span on a logarithmic axis are cut off below. */
  private static final double MOST_DECADES = 18;

  private final Figure figure;
  private final Measurements measurements;
  private final List<String> groups;

  Plot(Figure figure, Measurements measurements) {
    this.figure = figure;
    this.measurements = measurements;
    this.groups = measurements.groups(figure.metric());
  }

  /** The name of its file, without an ending. */
  static String id(Figure figure) {
    return figure.metric().toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
  }

  String svg() {
    Panel panel =
        switch (figure.kind()) {
          case LINES -> lines();
          case SCATTER -> scatter();
        };
    Optional<Panel> legend =
        groups.size() > 1
            ? Optional.of(
                new LegendPanel(
                    groups.stream().map(group -> letter(groups.indexOf(group))).toList(), groups))
            : Optional.empty();
    String description =
        switch (figure.kind()) {
          case LINES ->
              "%s by %s: means, and one standard deviation over repeats around them."
                  .formatted(figure.yLabel(), figure.xLabel());
          case SCATTER -> "%s by %s.".formatted(figure.yLabel(), figure.xLabel());
        };
    return new io.hfmerge.analysis.report.svg.Figure(
            id(figure), figure.title(), description, legend, List.of(panel))
        .file();
  }

  private String letter(int group) {
    return groups.size() <= 26 ? String.valueOf((char) ('A' + group)) : String.valueOf(group + 1);
  }

  private Panel lines() {
    List<Line> lines = new ArrayList<>();
    List<Double> xs = new ArrayList<>();
    List<Double> ys = new ArrayList<>();
    for (int i = 0; i < groups.size(); i++) {
      List<XY> points = new ArrayList<>();
      List<Interval> band = new ArrayList<>();
      for (double x : measurements.places(figure.metric(), groups.get(i))) {
        Statistics at = measurements.at(figure.metric(), groups.get(i), x);
        if (!Double.isFinite(at.mean()) || (figure.logY() && at.mean() <= 0)) {
          continue;
        }
        double low = at.mean() - at.deviation();
        double high = at.mean() + at.deviation();
        points.add(new XY(x, at.mean()));
        band.add(new Interval(x, low, high));
        xs.add(x);
        ys.add(figure.logY() && low <= 0 ? at.mean() : low);
        ys.add(high);
      }
      boolean repeated = band.stream().anyMatch(part -> part.high() > part.low());
      lines.add(
          new Line(
              groups.size() > 1 ? letter(i) : "",
              groups.get(i),
              Kind.SERIES,
              i,
              points,
              repeated ? band : List.of()));
    }
    double floor = ys.stream().reduce(Math::max).orElse(1.0) * Math.pow(10, -MOST_DECADES);
    return new LinePanel(
        "",
        figure.logX() ? Scale.logarithmicFromZero(xs) : Scale.linear(xs),
        figure.logY()
            ? Scale.logarithmic(ys.stream().filter(y -> y >= floor).toList())
            : Scale.linear(ys),
        figure.xLabel(),
        figure.yLabel(),
        lines,
        List.of(),
        WIDTH,
        HEIGHT);
  }

  private Panel scatter() {
    List<Dot> dots = new ArrayList<>();
    List<Double> all = new ArrayList<>();
    for (Measurement one : measurements.all()) {
      if (one.metric().equals(figure.metric())) {
        all.add(one.x());
        all.add(one.value());
        dots.add(new Dot(one.x(), one.value(), "", groups.indexOf(one.group()), 0));
      }
    }
    return new ScatterPanel("", Scale.logarithmic(all), figure.xLabel(), figure.yLabel(), dots);
  }
}
