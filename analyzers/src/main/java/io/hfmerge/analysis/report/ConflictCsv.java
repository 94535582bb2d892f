package io.hfmerge.analysis.report;

import de.siegmar.fastcsv.writer.CsvWriter;
import de.siegmar.fastcsv.writer.LineDelimiter;
import io.hfmerge.analysis.interference.ConflictReport;
import io.hfmerge.analysis.report.ConflictRows.Row;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.OptionalInt;

/**
 * A report on conflicts as one long table, a number a line: {@code
 * group,tensor,stack,layer,role,expert,model,other,metric,value,chance}. {@code group} is {@code
 * tensor}, {@code layer}, {@code role} or {@code model} (all tensors); {@code model} and {@code
 * other} are the models that the number speaks of. Equal reports give equal bytes.
 */
public final class ConflictCsv {

  private ConflictCsv() {}

  /** Writes a report; lines end in a line feed. */
  public static String write(ConflictReport report) {
    StringWriter text = new StringWriter();
    try (CsvWriter csv = CsvWriter.builder().lineDelimiter(LineDelimiter.LF).build(text)) {
      csv.writeRecord(
          "group", "tensor", "stack", "layer", "role", "expert", "model", "other", "metric",
          "value", "chance");
      for (Row row : ConflictRows.of(report)) {
        csv.writeRecord(
            row.group(),
            row.tensor(),
            row.stack(),
            text(row.layer()),
            row.role(),
            text(row.expert()),
            row.model(),
            row.other(),
            row.metric(),
            Double.toString(row.value()),
            row.chance().isPresent() ? Double.toString(row.chance().getAsDouble()) : "");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  private static String text(OptionalInt number) {
    return number.isPresent() ? "" + number.getAsInt() : "";
  }
}
