package io.hfmerge.analysis.report;

import de.siegmar.fastcsv.writer.CsvWriter;
import de.siegmar.fastcsv.writer.LineDelimiter;
import io.hfmerge.analysis.interference.ConflictReport;
import io.hfmerge.analysis.interference.ConflictReport.GroupConflicts;
import io.hfmerge.analysis.interference.ConflictReport.TensorConflicts;
import io.hfmerge.analysis.interference.MeasureValue;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * A report on conflicts as one long table, a number a line: {@code
 * group,tensor,stack,layer,role,expert,model,other,metric,value,chance}. {@code group} is {@code
 * tensor}, {@code layer}, {@code role} or {@code model} (all tensors); {@code model} and {@code
 * other} are the models that the number speaks of. Equal reports give equal bytes.
 */
public final class ConflictCsv {

  private final ConflictReport report;
  private final CsvWriter csv;

  private ConflictCsv(ConflictReport report, CsvWriter csv) {
    this.report = report;
    this.csv = csv;
  }

  /** Writes a report; lines end in a line feed. */
  public static String write(ConflictReport report) {
    StringWriter text = new StringWriter();
    try (CsvWriter csv = CsvWriter.builder().lineDelimiter(LineDelimiter.LF).build(text)) {
      csv.writeRecord(
          "group", "tensor", "stack", "layer", "role", "expert", "model", "other", "metric",
          "value", "chance");
      ConflictCsv table = new ConflictCsv(report, csv);
      report.tensors().forEach(table::add);
      report.layers().forEach(group -> table.add("layer", group));
      report.roles().forEach(group -> table.add("role", group));
      table.add("model", report.model());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  private void add(TensorConflicts tensor) {
    String layer = tensor.layer() < 0 ? "" : "" + tensor.layer();
    List<String> place =
        List.of(
            "tensor",
            tensor.tensor(),
            tensor.stack(),
            layer,
            tensor.role().name(),
            text(tensor.expert()));
    tensor.values().forEach(value -> add(place, value));
  }

  private void add(String kind, GroupConflicts group) {
    String role = group.role().map(Enum::name).orElse("");
    List<String> place = List.of(kind, "", group.stack(), text(group.layer()), role, "");
    group.values().forEach(value -> add(place, value));
  }

  private void add(List<String> place, MeasureValue value) {
    List<String> line = new ArrayList<>(place);
    line.add(model(value.first()));
    line.add(model(value.second()));
    line.add(value.measure().key());
    line.add(Double.toString(value.value()));
    line.add(value.chance().isPresent() ? Double.toString(value.chance().getAsDouble()) : "");
    csv.writeRecord(line);
  }

  private String model(OptionalInt task) {
    return task.isPresent() ? report.tasks().get(task.getAsInt()).id() : "";
  }

  private static String text(OptionalInt number) {
    return number.isPresent() ? "" + number.getAsInt() : "";
  }
}
