package io.hfmerge.analysis.report.page;

import io.hfmerge.analysis.report.svg.Figure;
import java.util.Optional;

/**
 * A figure with the numbers behind it, or a table alone.
 *
 * @param figure the figure
 * @param caption what to see in it, and how to read it
 * @param table the numbers; folded away where there is a figure
 */
public record Exhibit(Optional<Figure> figure, String caption, Optional<DataTable> table) {

  public static Exhibit of(Figure figure, String caption, DataTable table) {
    return new Exhibit(Optional.of(figure), caption, Optional.of(table));
  }

  public static Exhibit of(Figure figure, String caption) {
    return new Exhibit(Optional.of(figure), caption, Optional.empty());
  }

  public static Exhibit of(String caption, DataTable table) {
    return new Exhibit(Optional.empty(), caption, Optional.of(table));
  }
}
