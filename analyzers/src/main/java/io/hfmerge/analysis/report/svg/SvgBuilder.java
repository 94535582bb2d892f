package io.hfmerge.analysis.report.svg;

import java.util.List;

/** Writes SVG elements; coordinates in pixels, rounded to hundredths. */
public final class SvgBuilder {

  /** How styles are written. */
  public enum Coloring {
    /** As classes, for a page that has {@link Palette#stylesheet()}. */
    CLASSES,
    /** As attributes with the light values, for files. */
    ATTRIBUTES
  }

  /** Which point of a text is at its place. */
  enum Anchor {
    START("start"),
    MIDDLE("middle"),
    END("end");

    private final String word;

    Anchor(String word) {
      this.word = word;
    }
  }

  /** A point, in pixels. */
  record Point(double x, double y) {}

  /** Average width of a character over the font size, for the sans serif faces in use. */
  private static final double CHARACTER_WIDTH = 0.56;

  private final StringBuilder out;
  private final Coloring coloring;

  SvgBuilder(StringBuilder out, Coloring coloring) {
    this.out = out;
    this.coloring = coloring;
  }

  /** About how wide a text is. */
  static double width(String text, double fontSize) {
    return text.codePointCount(0, text.length()) * fontSize * CHARACTER_WIDTH;
  }

  SvgBuilder translated(double x, double y, Runnable content) {
    out.append("<g transform=\"translate(").append(number(x)).append(' ').append(number(y));
    out.append(")\">");
    content.run();
    out.append("</g>\n");
    return this;
  }

  SvgBuilder line(double x1, double y1, double x2, double y2, Style style) {
    out.append("<path d=\"M").append(number(x1)).append(' ').append(number(y1));
    out.append('L').append(number(x2)).append(' ').append(number(y2)).append('"');
    return end("path", style, "");
  }

  SvgBuilder polyline(List<Point> points, Style style, String title) {
    if (points.size() < 2) {
      return this;
    }
    out.append("<path d=\"M");
    for (int i = 0; i < points.size(); i++) {
      if (i > 0) {
        out.append('L');
      }
      out.append(number(points.get(i).x())).append(' ').append(number(points.get(i).y()));
    }
    out.append('"');
    return end("path", style, title);
  }

  /** What lies within a closed line. */
  SvgBuilder area(List<Point> edge, Style style) {
    if (edge.size() < 3) {
      return this;
    }
    out.append("<path d=\"M");
    for (int i = 0; i < edge.size(); i++) {
      if (i > 0) {
        out.append('L');
      }
      out.append(number(edge.get(i).x())).append(' ').append(number(edge.get(i).y()));
    }
    out.append("Z\"");
    return end("path", style, "");
  }

  SvgBuilder rect(double x, double y, double width, double height, Style style, String title) {
    out.append("<rect x=\"").append(number(x)).append("\" y=\"").append(number(y));
    out.append("\" width=\"").append(number(width)).append("\" height=\"").append(number(height));
    out.append('"');
    return end("rect", style, title);
  }

  SvgBuilder circle(double x, double y, double radius, Style style, String title) {
    out.append("<circle cx=\"").append(number(x)).append("\" cy=\"").append(number(y));
    out.append("\" r=\"").append(number(radius)).append('"');
    return end("circle", style, title);
  }

  SvgBuilder text(double x, double y, String text, Anchor anchor, Style style) {
    out.append("<text x=\"").append(number(x)).append("\" y=\"").append(number(y)).append('"');
    anchor(anchor).style(style);
    out.append('>').append(XmlText.escape(text)).append("</text>\n");
    return this;
  }

  /** A text that reads from below. */
  SvgBuilder upright(double x, double y, String text, Anchor anchor, Style style) {
    out.append("<text transform=\"translate(").append(number(x)).append(' ').append(number(y));
    out.append(") rotate(-90)\"");
    anchor(anchor).style(style);
    out.append('>').append(XmlText.escape(text)).append("</text>\n");
    return this;
  }

  private SvgBuilder anchor(Anchor anchor) {
    if (anchor != Anchor.START) {
      out.append(" text-anchor=\"").append(anchor.word).append('"');
    }
    return this;
  }

  private SvgBuilder style(Style style) {
    if (coloring == Coloring.CLASSES) {
      out.append(" class=\"").append(style.name()).append('"');
    } else {
      style
          .properties()
          .forEach(
              p -> out.append(' ').append(p.name()).append("=\"").append(p.light()).append('"'));
    }
    return this;
  }

  private SvgBuilder end(String tag, Style style, String title) {
    style(style);
    if (title.isEmpty()) {
      out.append("/>\n");
    } else {
      out.append("><title>").append(XmlText.escape(title)).append("</title></").append(tag);
      out.append(">\n");
    }
    return this;
  }

  /** A coordinate with at most two decimals. */
  static String number(double value) {
    long hundredths = Math.round(value * 100);
    long whole = Math.abs(hundredths) / 100;
    long rest = Math.abs(hundredths) % 100;
    String sign = hundredths < 0 ? "-" : "";
    if (rest == 0) {
      return sign + whole;
    }
    return sign + whole + (rest % 10 == 0 ? "." + rest / 10 : (rest < 10 ? ".0" : ".") + rest);
  }
}
