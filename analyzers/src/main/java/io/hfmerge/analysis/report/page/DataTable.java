package io.hfmerge.analysis.report.page;

import java.util.List;

/**
 * A table of texts and numbers.
 *
 * @param caption what it shows
 * @param columns headers; the first column heads its rows
 * @param rows cells, one for each column
 */
public record DataTable(String caption, List<Column> columns, List<List<String>> rows) {

  public DataTable {
    columns = List.copyOf(columns);
    rows = rows.stream().map(List::copyOf).toList();
    for (List<String> row : rows) {
      if (row.size() != columns.size()) {
        throw new IllegalArgumentException(
            caption + ": a row of " + row.size() + " cells under " + columns.size() + " columns");
      }
    }
  }

  /**
   * A column.
   *
   * @param header its header
   * @param numeric whether cells are numbers, which are aligned to the right
   */
  public record Column(String header, boolean numeric) {

    /** A column of numbers. */
    public static Column number(String header) {
      return new Column(header, true);
    }

    /** A column of texts. */
    public static Column text(String header) {
      return new Column(header, false);
    }
  }
}
