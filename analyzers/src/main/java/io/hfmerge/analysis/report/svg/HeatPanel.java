package io.hfmerge.analysis.report.svg;

import io.hfmerge.analysis.report.svg.SvgBuilder.Anchor;
import java.util.List;

/**
 * A table of numbers as colours, with the numbers in the cells where there is room.
 *
 * @param title what the panel shows
 * @param columnName what columns are ("layer")
 * @param columns their labels
 * @param rowName what rows are ("role")
 * @param rows their labels
 * @param values row by row; NaN for no value
 * @param range the colours' range, the same for panels that are compared
 */
public record HeatPanel(
    String title,
    String columnName,
    List<String> columns,
    String rowName,
    List<String> rows,
    List<List<Double>> values,
    Range range)
    implements Panel {

  private static final double TOP = 24;
  private static final double BOTTOM = 62;
  private static final double LABEL_SIZE = 10.5;

  /** Cells wide enough for a number of five characters. */
  private static final double ROOMY = 38;

  /** Columns up to which cells are that wide. */
  private static final int ROOMY_COLUMNS = 24;

  private static final double ROW = 22;
  private static final double DENSE = 13;

  /** Cells of dense tables shrink no further: a finger or a pointer must find them. */
  private static final double SMALLEST = 7;

  private static final double DENSE_WIDTH = 520;
  private static final double BAR = 150;

  public HeatPanel {
    columns = List.copyOf(columns);
    rows = List.copyOf(rows);
    values = values.stream().map(List::copyOf).toList();
  }

  /**
   * What the colours stand for.
   *
   * @param low number of the first colour
   * @param high number of the last colour
   * @param diverging whether the middle of the range is neutral and both ends stand out
   */
  public record Range(double low, double high, boolean diverging) {

    /** Where numbers in cells change from dark to light: contrast is 3.5 or more on either side. */
    private static final double DEEP = 0.65;

    private static final double ENDS = 0.38;

    /** From the least to the greatest finite number. */
    public static Range of(List<Double> values) {
      double low = values.stream().filter(Double::isFinite).min(Double::compare).orElse(0.0);
      double high = values.stream().filter(Double::isFinite).max(Double::compare).orElse(1.0);
      return new Range(low, high, false);
    }

    double share(double value) {
      return high > low ? (value - low) / (high - low) : 0.5;
    }

    Style style(double share) {
      return diverging ? Palette.diverging(share) : Palette.heat(share);
    }

    boolean contrasts(double share) {
      return diverging ? Math.abs(share - 0.5) > ENDS : share > DEEP;
    }
  }

  private boolean numbers() {
    return columns.size() <= ROOMY_COLUMNS && rows.size() <= ROOMY_COLUMNS;
  }

  private double cell() {
    return numbers()
        ? ROOMY
        : Math.max(SMALLEST, Math.min(DENSE, Math.floor(DENSE_WIDTH / columns.size())));
  }

  private double rowHeight() {
    return numbers() ? ROW : Math.max(SMALLEST, Math.min(DENSE, cell()));
  }

  private double left() {
    double widest = rows.stream().mapToDouble(r -> SvgBuilder.width(r, LABEL_SIZE)).max().orElse(0);
    return widest + 24;
  }

  @Override
  public double width() {
    return Math.max(left() + columns.size() * cell() + 8, left() + BAR + 90);
  }

  @Override
  public double height() {
    return TOP + rows.size() * rowHeight() + BOTTOM;
  }

  @Override
  public boolean keepsSize() {
    return true;
  }

  @Override
  public void draw(SvgBuilder svg) {
    svg.text(0, 13, title, Anchor.START, Palette.TITLE);
    double foot = TOP + rows.size() * rowHeight();
    svg.upright(9, (TOP + foot) / 2, rowName, Anchor.MIDDLE, Palette.LABEL);
    int rowStep = step(rows.size(), rowHeight(), LABEL_SIZE + 2);
    for (int i = 0; i < rows.size(); i++) {
      double y = TOP + i * rowHeight();
      if (i % rowStep == 0) {
        svg.text(left() - 5, y + rowHeight() / 2 + 3.5, rows.get(i), Anchor.END, Palette.TICK);
      }
      for (int j = 0; j < columns.size(); j++) {
        drawCell(svg, i, j, left() + j * cell(), y);
      }
    }
    double widest =
        columns.stream().mapToDouble(c -> SvgBuilder.width(c, LABEL_SIZE)).max().orElse(0);
    int step = step(columns.size(), cell(), widest + 4);
    for (int j = 0; j < columns.size(); j += step) {
      svg.text(left() + (j + 0.5) * cell(), foot + 14, columns.get(j), Anchor.MIDDLE, Palette.TICK);
    }
    svg.text(
        left() + columns.size() * cell() / 2, foot + 29, columnName, Anchor.MIDDLE, Palette.LABEL);
    drawBar(svg, foot + 42);
  }

  private void drawCell(SvgBuilder svg, int row, int column, double x, double y) {
    double value = values.get(row).get(column);
    String place =
        "%s %s, %s %s: ".formatted(columnName, columns.get(column), rowName, rows.get(row));
    if (!Double.isFinite(value)) {
      svg.rect(x + 1, y + 1, cell() - 2, rowHeight() - 2, Palette.NO_VALUE, place + "no value");
      return;
    }
    double share = range.share(value);
    svg.rect(
        x,
        y,
        cell() - (numbers() ? 1 : 0),
        rowHeight() - (numbers() ? 1 : 0),
        range.style(share),
        place + NumberText.of(value));
    if (numbers()) {
      svg.text(
          x + (cell() - 1) / 2,
          y + rowHeight() / 2 + 3.2,
          NumberText.brief(value),
          Anchor.MIDDLE,
          range.contrasts(share) ? Palette.ON_HIGH : Palette.ON_LOW);
    }
  }

  private void drawBar(SvgBuilder svg, double y) {
    if (!(range.high() > range.low())) {
      return;
    }
    double step = BAR / Palette.STEPS;
    for (int i = 0; i < Palette.STEPS; i++) {
      // each step reaches to the end, so that no seams show
      svg.rect(left() + i * step, y, BAR - i * step, 9, range.style((i + 0.5) / Palette.STEPS), "");
    }
    svg.text(left(), y + 19, NumberText.of(range.low()), Anchor.START, Palette.TICK);
    svg.text(left() + BAR, y + 19, NumberText.of(range.high()), Anchor.END, Palette.TICK);
  }

  private static int step(int count, double size, double needed) {
    int step = 1;
    for (int i = 0; step < count && step * size < needed; i++) {
      step = i % 3 == 1 ? step / 2 * 5 : step * 2;
    }
    return step;
  }
}
