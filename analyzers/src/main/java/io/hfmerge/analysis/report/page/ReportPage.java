package io.hfmerge.analysis.report.page;

import io.hfmerge.analysis.report.svg.Figure;
import java.util.List;

/**
 * A report before it is written: as a page ({@link HtmlPage}) or as files of its plots ({@link
 * PlotFolder}).
 *
 * @param title what was looked at
 * @param subtitle one line about it
 * @param tiles the most important numbers
 * @param sections the parts
 */
public record ReportPage(String title, String subtitle, List<Tile> tiles, List<Section> sections) {

  public ReportPage {
    tiles = List.copyOf(tiles);
    sections = List.copyOf(sections);
  }

  /**
   * A number at a glance.
   *
   * @param label what it is
   * @param value the number
   * @param note what it means; may be empty
   */
  public record Tile(String label, String value, String note) {}

  /** Every figure, in order. */
  public List<Figure> figures() {
    return sections.stream()
        .flatMap(section -> section.exhibits().stream())
        .flatMap(exhibit -> exhibit.figure().stream())
        .toList();
  }
}
