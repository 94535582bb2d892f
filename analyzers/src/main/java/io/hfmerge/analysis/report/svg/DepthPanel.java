package io.hfmerge.analysis.report.svg;

import io.hfmerge.analysis.report.svg.SvgBuilder.Anchor;

/**
 * What the colours of layers stand for.
 *
 * @param first name of the first layer
 * @param last name of the last
 */
public record DepthPanel(String first, String last) implements Panel {

  private static final double BAR = 120;
  private static final double LABEL_SIZE = 11;

  @Override
  public String title() {
    return "";
  }

  @Override
  public double width() {
    return SvgBuilder.width(first, LABEL_SIZE) + SvgBuilder.width(last, LABEL_SIZE) + BAR + 24;
  }

  @Override
  public double height() {
    return 20;
  }

  @Override
  public boolean keepsSize() {
    return false;
  }

  @Override
  public void draw(SvgBuilder svg) {
    double left = SvgBuilder.width(first, LABEL_SIZE) + 6;
    svg.text(0, 13, first, Anchor.START, Palette.LABEL);
    double step = BAR / Palette.STEPS;
    for (int i = 0; i < Palette.STEPS; i++) {
      // each step reaches to the end, so that no seams show
      svg.rect(
          left + i * step, 5, BAR - i * step, 9, Palette.depthDot((i + 0.5) / Palette.STEPS), "");
    }
    svg.text(left + BAR + 6, 13, last, Anchor.START, Palette.LABEL);
  }
}
