package io.hfmerge.analysis.report;

import io.hfmerge.analysis.AnalysisReport;
import io.hfmerge.analysis.report.LongTable.Row;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/**
 * The long table of {@link CsvReport} as a Parquet file: texts as UTF-8, {@code layer}, {@code
 * head} and {@code expert} as 32-bit integers, {@code value} and {@code errorBound} as doubles, all
 * but {@code model} and {@code metric} null where they are empty. Not compressed. Equal reports
 * give equal bytes.
 */
public final class ParquetReport {

  private ParquetReport() {}

  /** Writes reports, one after another. */
  public static byte[] write(List<AnalysisReport> reports) {
    LongTable table = LongTable.of(reports);
    List<ParquetTable.Column<Row>> columns =
        new ArrayList<>(
            List.of(
                ParquetTable.required("model", Row::model),
                ParquetTable.text("tensor", Row::tensor),
                ParquetTable.whole("layer", Row::layer),
                ParquetTable.text("role", Row::role),
                ParquetTable.whole("head", Row::head),
                ParquetTable.required("metric", Row::metric),
                ParquetTable.number("value", row -> OptionalDouble.of(row.value())),
                ParquetTable.number("errorBound", Row::errorBound)));
    if (table.extended()) {
      columns.add(ParquetTable.text("stack", Row::stack));
      columns.add(ParquetTable.whole("expert", Row::expert));
    }
    return new ParquetTable<>(JsonReport.SCHEMA, columns).write(table.rows());
  }
}
