package io.hfmerge.analysis.report.svg;

/** One plot of a figure, drawn in a box of its own size. */
public interface Panel {

  /** What the panel shows; may be empty. */
  String title();

  /** Width in pixels. */
  double width();

  /** Height in pixels, the title included. */
  double height();

  /** Whether the panel must not be scaled down: its text would become too small to read. */
  boolean keepsSize();

  /** Draws into a box from (0, 0) to (width, height). */
  void draw(SvgBuilder svg);
}
