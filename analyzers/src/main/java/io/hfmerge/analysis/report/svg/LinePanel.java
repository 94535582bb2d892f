package io.hfmerge.analysis.report.svg;

import io.hfmerge.analysis.report.svg.SvgBuilder.Anchor;
import io.hfmerge.analysis.report.svg.SvgBuilder.Point;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Lines over a common x.
 *
 * @param title what the panel shows
 * @param x scale across
 * @param y scale upwards
 * @param xLabel name of x
 * @param yLabel name of y; may be empty
 * @param lines the lines; gaps where a value is not finite
 * @param levels horizontal lines
 * @param width of the panel
 * @param height of the panel
 */
public record LinePanel(
    String title,
    Scale x,
    Scale y,
    String xLabel,
    String yLabel,
    List<Line> lines,
    List<Level> levels,
    double width,
    double height)
    implements Panel {

  private static final double WIDTH = 280;
  private static final double HEIGHT = 190;
  private static final double LABEL_SIZE = 11;

  /** Points beyond which a line carries no dots. */
  private static final int MOST_DOTS = 64;

  public LinePanel {
    lines = List.copyOf(lines);
    levels = List.copyOf(levels);
  }

  /** A panel of the usual size. */
  public LinePanel(
      String title,
      Scale x,
      Scale y,
      String xLabel,
      String yLabel,
      List<Line> lines,
      List<Level> levels) {
    this(title, x, y, xLabel, yLabel, lines, levels, WIDTH, HEIGHT);
  }

  /** What a line stands for, which decides its colours. */
  public enum Kind {
    /** One of several things that are compared, by number. */
    SERIES,
    /** A layer, by its share of the depth. */
    DEPTH,
    /** What the others are seen against. */
    CONTEXT
  }

  /**
   * A line.
   *
   * @param label text at its end; may be empty
   * @param tooltip what it is, in a tooltip
   * @param kind what it stands for
   * @param position number of the series, or share of the depth from 0 to 1
   * @param points x and y, by ascending x
   * @param band what to show around a series, by ascending x; may be empty
   */
  public record Line(
      String label,
      String tooltip,
      Kind kind,
      double position,
      List<XY> points,
      List<Interval> band) {

    public Line {
      points = List.copyOf(points);
      band = List.copyOf(band);
    }

    /** A line without a band. */
    public Line(String label, String tooltip, Kind kind, double position, List<XY> points) {
      this(label, tooltip, kind, position, points, List.of());
    }
  }

  /**
   * A part of a band; what lies beyond the panel is cut off.
   *
   * @param x across
   * @param low lower end
   * @param high upper end
   */
  public record Interval(double x, double low, double high) {}

  /**
   * A number pair.
   *
   * @param x across
   * @param y upwards
   */
  public record XY(double x, double y) {}

  /**
   * A horizontal line across the panel.
   *
   * @param label its name
   * @param value where it is
   * @param noise whether it is a noise floor
   */
  public record Level(String label, double value, boolean noise) {}

  @Override
  public boolean keepsSize() {
    return false;
  }

  @Override
  public void draw(SvgBuilder svg) {
    double widest =
        lines.stream().mapToDouble(l -> SvgBuilder.width(l.label(), LABEL_SIZE)).max().orElse(0);
    Axes axes = new Axes(x, y, xLabel, yLabel, width, height, widest > 0 ? widest + 8 : 10);
    axes.draw(svg, title);
    for (Line line : lines) {
      drawBand(svg, axes, line);
    }
    for (Line line : lines) {
      draw(svg, axes, line);
    }
    drawLevels(svg, axes);
    drawLabels(svg, axes);
  }

  private void draw(SvgBuilder svg, Axes axes, Line line) {
    Style style =
        switch (line.kind()) {
          case SERIES -> Palette.line((int) line.position());
          case DEPTH -> Palette.depthLine(line.position());
          case CONTEXT -> Palette.CONTEXT;
        };
    List<Point> run = new ArrayList<>();
    for (XY point : line.points()) {
      if (shows(point)) {
        run.add(axes.at(point.x(), point.y()));
      } else {
        svg.polyline(run, style, line.tooltip());
        run.clear();
      }
    }
    svg.polyline(run, style, line.tooltip());
    if (line.kind() == Kind.SERIES && line.points().size() <= MOST_DOTS) {
      Style dot = Palette.dot((int) line.position());
      for (XY point : line.points()) {
        if (shows(point)) {
          svg.circle(
              axes.xAt(point.x()),
              axes.yAt(point.y()),
              2.6,
              dot,
              "%s, %s %s: %s"
                  .formatted(
                      line.tooltip(),
                      xLabel,
                      NumberText.count(point.x()),
                      NumberText.of(point.y())));
        }
      }
    }
  }

  private void drawBand(SvgBuilder svg, Axes axes, Line line) {
    List<Point> edge = new ArrayList<>();
    for (Interval part : line.band()) {
      if (x.holds(part.x()) && part.high() >= y.low() && part.low() <= y.high()) {
        edge.add(axes.at(part.x(), Math.min(part.high(), y.high())));
      }
    }
    for (Interval part : line.band().reversed()) {
      if (x.holds(part.x()) && part.high() >= y.low() && part.low() <= y.high()) {
        edge.add(axes.at(part.x(), Math.max(part.low(), y.low())));
      }
    }
    svg.area(edge, Palette.band((int) line.position()));
  }

  private boolean shows(XY point) {
    return Double.isFinite(point.y()) && y.holds(point.y()) && x.holds(point.x());
  }

  private void drawLevels(SvgBuilder svg, Axes axes) {
    for (Level level : levels) {
      if (!y.holds(level.value())) {
        continue;
      }
      double at = axes.yAt(level.value());
      svg.line(
          Axes.LEFT, at, axes.rightEnd(), at, level.noise() ? Palette.NOISE : Palette.REFERENCE);
      svg.text(
          Axes.LEFT + 3,
          at - 3,
          level.label(),
          Anchor.START,
          level.noise() ? Palette.NOISE_LABEL : Palette.REFERENCE_LABEL);
    }
  }

  /** Labels at the ends of the lines, moved apart where they would touch. */
  private void drawLabels(SvgBuilder svg, Axes axes) {
    record End(Line line, double x, double y) {}
    List<End> ends = new ArrayList<>();
    for (Line line : lines) {
      if (line.label().isEmpty()) {
        continue;
      }
      line.points().reversed().stream()
          .filter(this::shows)
          .findFirst()
          .ifPresent(point -> ends.add(new End(line, axes.xAt(point.x()), axes.yAt(point.y()))));
    }
    ends.sort(Comparator.comparingDouble(End::y));
    Map<Double, Double> free = new HashMap<>();
    for (End end : ends) {
      double at = Math.max(end.y(), free.getOrDefault(end.x(), 0.0));
      Style style =
          end.line().kind() == Kind.SERIES
              ? Palette.name((int) end.line().position())
              : Palette.LABEL;
      svg.text(end.x() + 6, at + 4, end.line().label(), Anchor.START, style);
      free.put(end.x(), at + LABEL_SIZE);
    }
  }
}
