package io.hfmerge.analysis.report;

import io.hfmerge.analysis.interference.ConflictReport;
import io.hfmerge.analysis.report.ConflictRows.Row;
import java.util.List;
import java.util.OptionalDouble;

/**
 * The long table of {@link ConflictCsv} as a Parquet file: texts as UTF-8, {@code layer} and {@code
 * expert} as 32-bit integers, {@code value} and {@code chance} as doubles, all but {@code group}
 * and {@code metric} null where they are empty. Not compressed. Equal reports give equal bytes.
 */
public final class ConflictParquet {

  private static final ParquetTable<Row> TABLE =
      new ParquetTable<>(
          ConflictJson.SCHEMA,
          List.of(
              ParquetTable.required("group", Row::group),
              ParquetTable.text("tensor", Row::tensor),
              ParquetTable.text("stack", Row::stack),
              ParquetTable.whole("layer", Row::layer),
              ParquetTable.text("role", Row::role),
              ParquetTable.whole("expert", Row::expert),
              ParquetTable.text("model", Row::model),
              ParquetTable.text("other", Row::other),
              ParquetTable.required("metric", Row::metric),
              ParquetTable.number("value", row -> OptionalDouble.of(row.value())),
              ParquetTable.number("chance", Row::chance)));

  private ConflictParquet() {}

  /** Writes a report. */
  public static byte[] write(ConflictReport report) {
    return TABLE.write(ConflictRows.of(report));
  }
}
