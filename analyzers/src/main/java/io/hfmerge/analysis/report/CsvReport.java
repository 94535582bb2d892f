package io.hfmerge.analysis.report;

import de.siegmar.fastcsv.writer.CsvWriter;
import de.siegmar.fastcsv.writer.LineDelimiter;
import io.hfmerge.analysis.AnalysisReport;
import io.hfmerge.analysis.report.LongTable.Row;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * A report as one long table, a number a line: {@code
 * model,tensor,layer,role,head,metric,value,errorBound}, with {@code stack} and {@code expert}
 * behind where the model has either.
 *
 * <p>Heads and balance name their product as role. Fields without a value are empty; numbers are
 * the shortest decimals that read back as the same doubles. Equal reports give equal bytes.
 */
public final class CsvReport {

  private CsvReport() {}

  /** Writes a report; lines end in a line feed. */
  public static String write(AnalysisReport report) {
    return write(List.of(report));
  }

  /** Writes several reports, one after another. */
  public static String write(List<AnalysisReport> reports) {
    LongTable table = LongTable.of(reports);
    StringWriter text = new StringWriter();
    try (CsvWriter csv = CsvWriter.builder().lineDelimiter(LineDelimiter.LF).build(text)) {
      List<String> header =
          new ArrayList<>(
              List.of("model", "tensor", "layer", "role", "head", "metric", "value", "errorBound"));
      if (table.extended()) {
        header.addAll(List.of("stack", "expert"));
      }
      csv.writeRecord(header);
      for (Row row : table.rows()) {
        csv.writeRecord(line(row, table.extended()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  private static List<String> line(Row row, boolean extended) {
    List<String> line =
        new ArrayList<>(
            List.of(
                row.model(),
                row.tensor(),
                text(row.layer()),
                row.role(),
                text(row.head()),
                row.metric(),
                Double.isFinite(row.value()) ? Double.toString(row.value()) : "",
                row.errorBound().isPresent()
                    ? Double.toString(row.errorBound().getAsDouble())
                    : ""));
    if (extended) {
      line.addAll(List.of(row.stack(), text(row.expert())));
    }
    return line;
  }

  private static String text(OptionalInt value) {
    return value.isPresent() ? "" + value.getAsInt() : "";
  }
}
