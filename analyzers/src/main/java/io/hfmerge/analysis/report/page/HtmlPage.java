package io.hfmerge.analysis.report.page;

import io.hfmerge.analysis.report.page.DataTable.Column;
import io.hfmerge.analysis.report.page.ReportPage.Tile;
import io.hfmerge.analysis.report.svg.Figure;
import io.hfmerge.analysis.report.svg.Palette;
import io.hfmerge.analysis.report.svg.Panel;
import io.hfmerge.analysis.report.svg.XmlText;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * A report as one HTML file that needs nothing else: no script, no link, plots as inline SVG. Its
 * content security policy allows its own style sheet, by hash, and nothing more. The text is also
 * well-formed XML. Equal pages give equal bytes.
 */
public final class HtmlPage {

  private static final String STYLESHEET = "report.css";

  private final StringBuilder out = new StringBuilder();

  private HtmlPage() {}

  /**
   * Writes a page.
   *
   * @param toolVersion the version of hfmerge that made it
   */
  public static String write(ReportPage page, String toolVersion) {
    HtmlPage html = new HtmlPage();
    html.head(page);
    html.body(page, toolVersion);
    return html.out.toString();
  }

  private void head(ReportPage page) {
    String css = "\n" + stylesheet() + Palette.stylesheet();
    out.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n");
    out.append("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ");
    out.append("img-src data:; style-src 'sha256-").append(hash(css)).append("'\"/>\n");
    out.append(
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
            + "<meta name=\"color-scheme\" content=\"light dark\"/>\n"
            + "<meta name=\"referrer\" content=\"no-referrer\"/>\n"
            // or browsers ask the server for one
            + "<link rel=\"icon\" href=\"data:,\"/>\n");
    out.append("<title>").append(XmlText.escape(page.title())).append("</title>\n");
    out.append("<style>").append(css).append("</style>\n</head>\n");
  }

  private void body(ReportPage page, String toolVersion) {
    out.append("<body>\n<a class=\"skip\" href=\"#content\">Skip to the content</a>\n<header>\n");
    element("h1", page.title());
    element("p", page.subtitle());
    out.append("</header>\n");
    tiles(page.tiles());
    out.append("<nav aria-label=\"Sections\">\n<ul>\n");
    for (Section section : page.sections()) {
      out.append("<li><a href=\"#").append(section.id()).append("\">");
      out.append(XmlText.escape(section.heading())).append("</a></li>\n");
    }
    out.append("</ul>\n</nav>\n<main id=\"content\">\n");
    page.sections().forEach(this::section);
    out.append("</main>\n<footer>\n");
    element(
        "p",
        "Made by hfmerge %s. The same numbers as JSON, CSV and Parquet: --format."
            .formatted(toolVersion));
    out.append("</footer>\n</body>\n</html>\n");
  }

  private void tiles(List<Tile> tiles) {
    if (tiles.isEmpty()) {
      return;
    }
    out.append("<dl class=\"tiles\">\n");
    for (Tile tile : tiles) {
      out.append("<div>");
      element("dt", tile.label());
      element("dd", tile.value());
      if (!tile.note().isEmpty()) {
        out.append("<dd class=\"note\">").append(XmlText.escape(tile.note())).append("</dd>\n");
      }
      out.append("</div>\n");
    }
    out.append("</dl>\n");
  }

  private void section(Section section) {
    out.append("<section id=\"").append(section.id()).append("\">\n");
    element("h2", section.heading());
    for (String paragraph : section.prose()) {
      out.append("<p class=\"prose\">").append(prose(paragraph)).append("</p>\n");
    }
    section.exhibits().forEach(this::exhibit);
    out.append("</section>\n");
  }

  private void exhibit(Exhibit exhibit) {
    if (exhibit.figure().isEmpty()) {
      caption(exhibit.caption());
      exhibit.table().ifPresent(this::table);
      return;
    }
    Figure figure = exhibit.figure().get();
    out.append("<figure id=\"").append(figure.id()).append("\">\n");
    out.append("<figcaption>");
    element("h3", figure.title());
    caption(exhibit.caption());
    out.append("</figcaption>\n");
    figure
        .legend()
        .ifPresent(legend -> {
          out.append("<div class=\"legend\">");
          out.append(Figure.inline(legend, "", "")).append("</div>\n");
        });
    boolean fixed = figure.panels().stream().anyMatch(Panel::keepsSize);
    out.append("<div class=\"").append(fixed ? "panels fixed" : "panels").append("\">\n");
    for (int i = 0; i < figure.panels().size(); i++) {
      Panel panel = figure.panels().get(i);
      // a region that scrolls must be reachable by keys
      out.append(fixed ? "<div class=\"panel\" tabindex=\"0\" role=\"region\" aria-label=\"" : "");
      if (fixed) {
        out.append(XmlText.escape(label(figure, panel))).append("\">");
      } else {
        out.append("<div class=\"panel\">");
      }
      String description =
          i == 0 ? label(figure, panel) + ". " + figure.description() : label(figure, panel);
      out.append(Figure.inline(panel, figure.id() + "-" + (i + 1), description));
      out.append("</div>\n");
    }
    out.append("</div>\n");
    Optional<DataTable> numbers = exhibit.table();
    if (numbers.isPresent()) {
      out.append("<details><summary>Numbers: ");
      out.append(XmlText.escape(numbers.get().caption())).append("</summary>\n");
      table(numbers.get());
      out.append("</details>\n");
    }
    out.append("</figure>\n");
  }

  private static String label(Figure figure, Panel panel) {
    return panel.title().isEmpty() ? figure.title() : figure.title() + ": " + panel.title();
  }

  private void caption(String caption) {
    if (!caption.isEmpty()) {
      out.append("<p class=\"caption\">").append(prose(caption)).append("</p>\n");
    }
  }

  private void table(DataTable table) {
    out.append("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
    out.append(XmlText.escape(table.caption())).append("\">\n<table>\n");
    element("caption", table.caption());
    out.append("<thead><tr>");
    for (Column column : table.columns()) {
      out.append(column.numeric() ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">");
      out.append(XmlText.escape(column.header())).append("</th>");
    }
    out.append("</tr></thead>\n<tbody>\n");
    for (List<String> row : table.rows()) {
      out.append("<tr>");
      for (int i = 0; i < row.size(); i++) {
        String tag = i == 0 ? "th" : "td";
        out.append('<').append(tag).append(i == 0 ? " scope=\"row\"" : "");
        out.append(table.columns().get(i).numeric() ? " class=\"n\">" : ">");
        // names of stacked tensors may break where they are joined
        out.append(XmlText.escape(row.get(i)).replace("+", "+<wbr/>"));
        out.append("</").append(tag).append('>');
      }
      out.append("</tr>\n");
    }
    out.append("</tbody>\n</table>\n</div>\n");
  }

  private void element(String tag, String text) {
    out.append('<').append(tag).append('>').append(XmlText.escape(text));
    out.append("</").append(tag).append(">\n");
  }

  /** Indices of norms, which Unicode does not have. */
  private static String prose(String text) {
    return XmlText.escape(text).replaceAll("(?<=[‖W])_([FKQV*])", "<sub>$1</sub>");
  }

  private static String stylesheet() {
    try (InputStream resource =
        Objects.requireNonNull(HtmlPage.class.getResourceAsStream(STYLESHEET), STYLESHEET)) {
      return new String(resource.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String hash(String css) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(css.getBytes(StandardCharsets.UTF_8));
      return Base64.getEncoder().encodeToString(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
