package io.hfmerge.cli.output;

import com.github.freva.asciitable.AsciiTable;
import com.github.freva.asciitable.Column;
import com.github.freva.asciitable.HorizontalAlign;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A table of numbers without borders: a heading line, then lines of right-aligned cells. */
final class TextTable {

  private static final int NAME_WIDTH = 60;

  private final List<Column> columns = new ArrayList<>();
  private final List<Object[]> lines = new ArrayList<>();

  /** A table of these columns, all aligned to the right. */
  TextTable(List<String> headings) {
    headings.forEach(heading -> columns.add(column(heading, HorizontalAlign.RIGHT)));
  }

  /** The same with a first column of words, aligned to the left. */
  static TextTable withWords(String first, List<String> headings) {
    TextTable table = new TextTable(headings);
    table.columns.addFirst(column(first, HorizontalAlign.LEFT));
    return table;
  }

  private static Column column(String heading, HorizontalAlign align) {
    return new Column()
        .header(heading)
        .headerAlign(align)
        .dataAlign(align)
        .maxWidth(Integer.MAX_VALUE);
  }

  /** Adds a line, a cell for each column. */
  void add(List<String> cells) {
    lines.add(cells.toArray());
  }

  boolean isEmpty() {
    return lines.isEmpty();
  }

  /** The lines with a final line break. */
  String render() {
    return AsciiTable.getTable(
            AsciiTable.NO_BORDERS, columns.toArray(Column[]::new), lines.toArray(Object[][]::new))
        .lines()
        .map(String::stripTrailing)
        .reduce("", (text, line) -> text + line + '\n');
  }

  /** A tensor's name for a column: printable, its middle left out where it is long. */
  static String name(String tensor) {
    String name = Terminal.printable(tensor);
    return name.length() <= NAME_WIDTH
        ? name
        : name.substring(0, NAME_WIDTH / 3)
            + "..."
            + name.substring(name.length() - NAME_WIDTH * 2 / 3);
  }

  /** Four digits or so; the empty string for NaN. */
  static String number(double value) {
    if (Double.isNaN(value)) {
      return "";
    }
    double size = Math.abs(value);
    if (Double.isInfinite(value)) {
      return value > 0 ? "inf" : "-inf";
    }
    if (size != 0 && (size < 1e-3 || size >= 1e6)) {
      return String.format(Locale.ROOT, "%.2e", value);
    }
    return String.format(Locale.ROOT, size >= 1000 ? "%.1f" : size >= 10 ? "%.2f" : "%.3f", value);
  }
}
