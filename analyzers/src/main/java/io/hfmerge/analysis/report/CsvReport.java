package io.hfmerge.analysis.report;

import de.siegmar.fastcsv.writer.CsvWriter;
import de.siegmar.fastcsv.writer.LineDelimiter;
import io.hfmerge.analysis.AnalysisReport;
import io.hfmerge.analysis.metric.BalanceMetrics;
import io.hfmerge.analysis.metric.HeadMetrics;
import io.hfmerge.analysis.metric.MatrixMetrics;
import io.hfmerge.analysis.metric.SpectrumMetrics;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/**
 * A report as one long table, a number a line: {@code
 * model,tensor,layer,role,head,metric,value,errorBound}, with {@code stack} and {@code expert}
 * behind where the model has either.
 *
 * <p>Heads and balance name their product as role. Fields without a value are empty; numbers are
 * the shortest decimals that read back as the same doubles. Equal reports give equal bytes.
 */
public final class CsvReport {

  private final boolean extended;
  private String model = "";
  private final List<List<String>> lines = new ArrayList<>();

  private CsvReport(List<AnalysisReport> reports) {
    this.extended =
        reports.stream()
            .flatMap(report -> report.matrices().stream())
            .anyMatch(m -> !m.stack().isEmpty() || m.expert().isPresent());
  }

  /** Writes a report; lines end in a line feed. */
  public static String write(AnalysisReport report) {
    return write(List.of(report));
  }

  /** Writes several reports, one after another. */
  public static String write(List<AnalysisReport> reports) {
    CsvReport table = new CsvReport(reports);
    for (AnalysisReport report : reports) {
      table.model = report.model().id();
      report.matrices().forEach(table::add);
      report.heads().forEach(table::add);
      report.balance().forEach(table::add);
    }
    StringWriter text = new StringWriter();
    try (CsvWriter csv = CsvWriter.builder().lineDelimiter(LineDelimiter.LF).build(text)) {
      List<String> header =
          new ArrayList<>(
              List.of("model", "tensor", "layer", "role", "head", "metric", "value", "errorBound"));
      if (table.extended) {
        header.addAll(List.of("stack", "expert"));
      }
      csv.writeRecord(header);
      table.lines.forEach(csv::writeRecord);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  private void add(MatrixMetrics matrix) {
    String expert = matrix.expert().isPresent() ? "" + matrix.expert().getAsInt() : "";
    Row row =
        new Row(
            matrix.tensor(),
            matrix.layer() < 0 ? "" : "" + matrix.layer(),
            matrix.role().name(),
            "",
            matrix.stack(),
            expert);
    OptionalDouble bound = OptionalDouble.of(matrix.errorBound());
    add(row, "frobenius", matrix.frobenius());
    add(row, "spectral", matrix.spectral(), bound);
    add(row, "stableRank", matrix.stableRank(), bound);
    // a square has twice the relative error
    add(
        row,
        "stableRankSquared",
        matrix.stableRankSquared(),
        OptionalDouble.of(2 * matrix.errorBound()));
    if (matrix.spectrum().isPresent()) {
      SpectrumMetrics spectrum = matrix.spectrum().get();
      add(row, "nuclear", spectrum.nuclear());
      add(row, "pseudoRank", spectrum.pseudoRank());
      add(row, "epsilonRank", spectrum.epsilonRank());
      add(row, "effectiveRank", spectrum.effectiveRank());
    }
    add(row, "noiseFloor", matrix.noiseFloor());
  }

  private void add(HeadMetrics head) {
    Row row =
        new Row("", "" + head.layer(), head.product().name(), "" + head.head(), head.stack(), "");
    add(row, "discrepancy", head.discrepancy());
    add(row, "relativeDiscrepancy", head.relativeDiscrepancy());
    add(row, "nuclear", head.nuclear());
    add(row, "halfFrobeniusSquared", head.halfFrobeniusSquared());
    add(row, "tightness", head.tightness());
    add(row, "pseudoRank", head.pseudoRank());
    add(row, "bound", head.bound());
    head.boundA5().ifPresent(bound -> add(row, "boundA5", bound));
    head.rowNorms().correlation().ifPresent(r -> add(row, "rowNormCorrelation", r));
  }

  private void add(BalanceMetrics balance) {
    Row row =
        new Row(
            "",
            "" + balance.layer(),
            balance.product().name(),
            balance.head().isPresent() ? "" + balance.head().getAsInt() : "",
            balance.stack(),
            balance.expert().isPresent() ? "" + balance.expert().getAsInt() : "");
    String metric = "balance:" + balance.identity().label();
    balance.value().ifPresent(value -> add(row, metric, value));
    balance.correlation().ifPresent(r -> add(row, metric + ":correlation", r));
  }

  private record Row(
      String tensor, String layer, String role, String head, String stack, String expert) {}

  private void add(Row row, String metric, double value) {
    add(row, metric, value, OptionalDouble.empty());
  }

  private void add(Row row, String metric, double value, OptionalDouble bound) {
    List<String> line =
        new ArrayList<>(
            List.of(
                model,
                row.tensor(),
                row.layer(),
                row.role(),
                row.head(),
                metric,
                Double.isFinite(value) ? Double.toString(value) : "",
                bound.isPresent() ? Double.toString(bound.getAsDouble()) : ""));
    if (extended) {
      line.addAll(List.of(row.stack(), row.expert()));
    }
    lines.add(line);
  }
}
