package io.hfmerge.analysis.report.svg;

import io.hfmerge.analysis.report.svg.SvgBuilder.Anchor;
import io.hfmerge.analysis.report.svg.SvgBuilder.Coloring;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Panels that belong together.
 *
 * @param id name of the figure: lower-case letters, digits and hyphens; unique in a report
 * @param title one line
 * @param description what there is to see, for those who do not see it
 * @param legend what colours stand for, where the panels do not say it themselves
 * @param panels at least one
 */
public record Figure(
    String id, String title, String description, Optional<Panel> legend, List<Panel> panels) {

  private static final double MARGIN = 24;
  private static final double GAP = 22;

  /** Width that a file's panels are laid out for. */
  private static final double FILE_WIDTH = 1240;

  private static final String XMLNS = "xmlns=\"http://www.w3.org/2000/svg\"";

  /** The attribute of a file that names its typefaces. */
  public static final String FONTS =
      "font-family=\"system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif\"";

  public Figure {
    panels = List.copyOf(panels);
    if (!id.matches("[a-z0-9-]+")) {
      throw new IllegalArgumentException("figure id \"" + id + "\"");
    }
  }

  /** A panel, or the legend, as an element of a page with the palette's style sheet. */
  public static String inline(Panel panel, String id, String description) {
    StringBuilder out = new StringBuilder();
    String width = SvgBuilder.number(panel.width());
    String height = SvgBuilder.number(panel.height());
    out.append(
        "<svg viewBox=\"0 0 %s %s\" width=\"%s\" height=\"%s\""
            .formatted(width, height, width, height));
    if (description.isEmpty()) {
      out.append(" aria-hidden=\"true\">\n");
    } else {
      out.append(" role=\"img\" aria-labelledby=\"%s\">\n".formatted(id));
      out.append("<title id=\"%s\">%s</title>\n".formatted(id, XmlText.escape(description)));
    }
    panel.draw(new SvgBuilder(out, Coloring.CLASSES));
    return out.append("</svg>\n").toString();
  }

  /** The whole figure as a file of its own, in light colours. */
  public String file() {
    record Placed(Panel panel, double x, double y) {}
    List<Placed> placed = new ArrayList<>();
    double y = MARGIN + 34;
    double right = SvgBuilder.width(title, 17) + 2 * MARGIN;
    if (legend.isPresent()) {
      placed.add(new Placed(legend.get(), MARGIN, y));
      y += legend.get().height() + 10;
      right = Math.max(right, MARGIN + legend.get().width());
    }
    double x = MARGIN;
    double rowHeight = 0;
    for (Panel panel : panels) {
      if (x > MARGIN && x + panel.width() > FILE_WIDTH - MARGIN) {
        x = MARGIN;
        y += rowHeight + GAP;
        rowHeight = 0;
      }
      placed.add(new Placed(panel, x, y));
      x += panel.width() + GAP;
      right = Math.max(right, x - GAP);
      rowHeight = Math.max(rowHeight, panel.height());
    }
    double width = Math.ceil(right + MARGIN);
    double height = Math.ceil(y + rowHeight + MARGIN);
    StringBuilder out = new StringBuilder();
    String size = SvgBuilder.number(width) + " " + SvgBuilder.number(height);
    out.append(
        "<svg %s viewBox=\"0 0 %s\" width=\"%s\" height=\"%s\" role=\"img\" aria-labelledby=\"title desc\" %s>\n"
            .formatted(XMLNS, size, SvgBuilder.number(width), SvgBuilder.number(height), FONTS));
    out.append("<title id=\"title\">%s</title>\n".formatted(XmlText.escape(title)));
    out.append("<desc id=\"desc\">%s</desc>\n".formatted(XmlText.escape(description)));
    SvgBuilder svg = new SvgBuilder(out, Coloring.ATTRIBUTES);
    svg.rect(0, 0, width, height, Palette.GROUND, "");
    svg.text(MARGIN, MARGIN + 14, title, Anchor.START, Palette.HEADING);
    for (Placed one : placed) {
      svg.translated(one.x(), one.y(), () -> one.panel().draw(svg));
    }
    return out.append("</svg>\n").toString();
  }
}
