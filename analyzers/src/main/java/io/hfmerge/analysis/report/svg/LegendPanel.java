package io.hfmerge.analysis.report.svg;

import io.hfmerge.analysis.report.svg.SvgBuilder.Anchor;
import java.util.List;

/**
 * Names of the compared models, each with its letter, line and dot.
 *
 * @param letters short names, as they stand at the ends of lines
 * @param names what they stand for
 */
public record LegendPanel(List<String> letters, List<String> names) implements Panel {

  private static final double SIZE = 11;
  private static final double LINE = 17;
  private static final double SAMPLE = 46;

  /** Characters of a name; what is longer is cut in its middle. */
  private static final int LONGEST = 60;

  public LegendPanel {
    letters = List.copyOf(letters);
    names = List.copyOf(names);
  }

  @Override
  public String title() {
    return "";
  }

  @Override
  public double width() {
    return SAMPLE
        + 12
        + names.stream().mapToDouble(n -> SvgBuilder.width(cut(n), SIZE)).max().orElse(0)
        + 24;
  }

  @Override
  public double height() {
    return names.size() * LINE + 4;
  }

  @Override
  public boolean keepsSize() {
    return false;
  }

  @Override
  public void draw(SvgBuilder svg) {
    for (int i = 0; i < names.size(); i++) {
      double y = 10 + i * LINE;
      svg.line(0, y, SAMPLE - 8, y, Palette.line(i));
      svg.circle((SAMPLE - 8) / 2, y, 2.6, Palette.dot(i), "");
      svg.text(SAMPLE, y + 4, letters.get(i), Anchor.START, Palette.name(i));
      svg.text(SAMPLE + 16, y + 4, cut(names.get(i)), Anchor.START, Palette.LABEL);
    }
  }

  private static String cut(String name) {
    int length = name.codePointCount(0, name.length());
    if (length <= LONGEST) {
      return name;
    }
    int head = name.offsetByCodePoints(0, LONGEST / 2 - 1);
    int tail = name.offsetByCodePoints(0, length - LONGEST / 2);
    return name.substring(0, head) + "…" + name.substring(tail);
  }
}
