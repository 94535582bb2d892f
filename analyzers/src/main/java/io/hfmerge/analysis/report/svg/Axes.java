package io.hfmerge.analysis.report.svg;

import io.hfmerge.analysis.report.svg.Scale.Tick;
import io.hfmerge.analysis.report.svg.SvgBuilder.Anchor;
import io.hfmerge.analysis.report.svg.SvgBuilder.Point;

/** The frame of a plot of y over x: where its numbers are, grid, ticks and labels. */
record Axes(
    Scale x, Scale y, String xLabel, String yLabel, double width, double height, double right) {

  static final double LEFT = 46;
  static final double TOP = 24;
  static final double BOTTOM = 36;

  double xAt(double value) {
    return LEFT + x.at(value) * (width - LEFT - right);
  }

  double yAt(double value) {
    return height - BOTTOM - y.at(value) * (height - TOP - BOTTOM);
  }

  Point at(double px, double py) {
    return new Point(xAt(px), yAt(py));
  }

  double rightEnd() {
    return width - right;
  }

  void draw(SvgBuilder svg, String title) {
    if (!title.isEmpty()) {
      svg.text(0, 13, title, Anchor.START, Palette.TITLE);
    }
    for (Tick tick : y.ticks()) {
      double at = yAt(tick.value());
      svg.line(LEFT, at, rightEnd(), at, Palette.GRID);
      svg.text(LEFT - 5, at + 3.5, tick.label(), Anchor.END, Palette.TICK);
    }
    double foot = height - BOTTOM;
    svg.line(LEFT, foot, rightEnd(), foot, Palette.AXIS);
    for (Tick tick : x.ticks()) {
      double at = xAt(tick.value());
      svg.line(at, foot, at, foot + 3, Palette.AXIS);
      svg.text(at, foot + 14, tick.label(), Anchor.MIDDLE, Palette.TICK);
    }
    svg.text((LEFT + rightEnd()) / 2, height - 5, xLabel, Anchor.MIDDLE, Palette.LABEL);
    if (!yLabel.isEmpty()) {
      svg.upright(9, (TOP + foot) / 2, yLabel, Anchor.MIDDLE, Palette.LABEL);
    }
  }
}
