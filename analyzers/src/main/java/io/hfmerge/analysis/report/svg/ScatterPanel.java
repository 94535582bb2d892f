package io.hfmerge.analysis.report.svg;

import io.hfmerge.analysis.report.svg.SvgBuilder.Anchor;
import java.util.List;

/**
 * Points whose two numbers are compared with each other: both axes have one scale, and the line of
 * equality is drawn.
 *
 * @param title what the panel shows
 * @param scale of both axes
 * @param xLabel name of x
 * @param yLabel name of y
 * @param points the points
 */
public record ScatterPanel(
    String title, Scale scale, String xLabel, String yLabel, List<Dot> points) implements Panel {

  private static final double WIDTH = 280;
  private static final double HEIGHT = 294;

  /** Points up to which each carries a tooltip. */
  private static final int MOST_TOOLTIPS = 4096;

  public ScatterPanel {
    points = List.copyOf(points);
  }

  /**
   * A point.
   *
   * @param x across
   * @param y upwards
   * @param tooltip what it is
   * @param series number of the model, or -1 to colour by depth
   * @param depth share of the depth from 0 to 1
   */
  public record Dot(double x, double y, String tooltip, int series, double depth) {}

  @Override
  public double width() {
    return WIDTH;
  }

  @Override
  public double height() {
    return HEIGHT;
  }

  @Override
  public boolean keepsSize() {
    return false;
  }

  @Override
  public void draw(SvgBuilder svg) {
    Axes axes = new Axes(scale, scale, xLabel, yLabel, WIDTH, HEIGHT, 10);
    axes.draw(svg, title);
    svg.line(
        axes.xAt(scale.low()),
        axes.yAt(scale.low()),
        axes.xAt(scale.high()),
        axes.yAt(scale.high()),
        Palette.REFERENCE);
    svg.text(
        axes.xAt(scale.high()) - 2,
        axes.yAt(scale.high()) + 46,
        "equal",
        Anchor.END,
        Palette.REFERENCE_LABEL);
    boolean tooltips = points.size() <= MOST_TOOLTIPS;
    for (Dot dot : points) {
      if (scale.holds(dot.x()) && scale.holds(dot.y())) {
        svg.circle(
            axes.xAt(dot.x()),
            axes.yAt(dot.y()),
            2.2,
            dot.series() >= 0 ? Palette.dot(dot.series()) : Palette.depthDot(dot.depth()),
            tooltips ? dot.tooltip() : "");
      }
    }
  }
}
