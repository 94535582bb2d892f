package io.hfmerge.analysis.report;

import io.hfmerge.analysis.AnalysisReport;
import io.hfmerge.analysis.metric.BalanceMetrics;
import io.hfmerge.analysis.metric.HeadMetrics;
import io.hfmerge.analysis.metric.MatrixMetrics;
import io.hfmerge.analysis.metric.SpectrumMetrics;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * Reports as one long table, a number a row: what CSV and Parquet files hold.
 *
 * @param rows model by model: matrices, heads, balance
 * @param extended whether any model has several stacks of layers or experts, so that these columns
 *     are needed
 */
record LongTable(List<Row> rows, boolean extended) {

  LongTable {
    rows = List.copyOf(rows);
  }

  /**
   * A number.
   *
   * @param model how the user named the model
   * @param tensor the tensor; empty for heads and balance
   * @param layer the layer; empty outside the layers
   * @param role the role; of heads and balance the product
   * @param head the head; empty for matrices
   * @param metric name of the number, as in JSON
   * @param value the number; NaN where it has no value
   * @param errorBound bound on its relative error, where one is known
   * @param stack the stack of layers, empty where there is one
   * @param expert the expert, of a mixture
   */
  record Row(
      String model,
      String tensor,
      OptionalInt layer,
      String role,
      OptionalInt head,
      String metric,
      double value,
      OptionalDouble errorBound,
      String stack,
      OptionalInt expert) {

    private Row of(String name, double number, OptionalDouble bound) {
      return new Row(model, tensor, layer, role, head, name, number, bound, stack, expert);
    }
  }

  static LongTable of(List<AnalysisReport> reports) {
    List<Row> rows = new ArrayList<>();
    for (AnalysisReport report : reports) {
      String model = report.model().id();
      report.matrices().forEach(matrix -> add(rows, model, matrix));
      report.heads().forEach(head -> add(rows, model, head));
      report.balance().forEach(balance -> add(rows, model, balance));
    }
    return new LongTable(
        rows,
        reports.stream()
            .flatMap(report -> report.matrices().stream())
            .anyMatch(m -> !m.stack().isEmpty() || m.expert().isPresent()));
  }

  private static Row place(
      String model,
      String tensor,
      int layer,
      String role,
      OptionalInt head,
      String stack,
      OptionalInt expert) {
    return new Row(
        model,
        tensor,
        layer < 0 ? OptionalInt.empty() : OptionalInt.of(layer),
        role,
        head,
        "",
        Double.NaN,
        OptionalDouble.empty(),
        stack,
        expert);
  }

  private static void add(List<Row> rows, String model, MatrixMetrics matrix) {
    Row row =
        place(
            model,
            matrix.tensor(),
            matrix.layer(),
            matrix.role().name(),
            OptionalInt.empty(),
            matrix.stack(),
            matrix.expert());
    OptionalDouble bound = OptionalDouble.of(matrix.errorBound());
    add(rows, row, "frobenius", matrix.frobenius());
    rows.add(row.of("spectral", matrix.spectral(), bound));
    rows.add(row.of("stableRank", matrix.stableRank(), bound));
    // a square has twice the relative error
    rows.add(
        row.of(
            "stableRankSquared",
            matrix.stableRankSquared(),
            OptionalDouble.of(2 * matrix.errorBound())));
    if (matrix.spectrum().isPresent()) {
      SpectrumMetrics spectrum = matrix.spectrum().get();
      add(rows, row, "nuclear", spectrum.nuclear());
      add(rows, row, "pseudoRank", spectrum.pseudoRank());
      add(rows, row, "epsilonRank", spectrum.epsilonRank());
      add(rows, row, "effectiveRank", spectrum.effectiveRank());
    }
    add(rows, row, "noiseFloor", matrix.noiseFloor());
  }

  private static void add(List<Row> rows, String model, HeadMetrics head) {
    Row row =
        place(
            model,
            "",
            head.layer(),
            head.product().name(),
            OptionalInt.of(head.head()),
            head.stack(),
            OptionalInt.empty());
    add(rows, row, "discrepancy", head.discrepancy());
    add(rows, row, "relativeDiscrepancy", head.relativeDiscrepancy());
    add(rows, row, "nuclear", head.nuclear());
    add(rows, row, "halfFrobeniusSquared", head.halfFrobeniusSquared());
    add(rows, row, "tightness", head.tightness());
    add(rows, row, "pseudoRank", head.pseudoRank());
    add(rows, row, "bound", head.bound());
    head.boundA5().ifPresent(bound -> add(rows, row, "boundA5", bound));
    head.rowNorms().correlation().ifPresent(r -> add(rows, row, "rowNormCorrelation", r));
  }

  private static void add(List<Row> rows, String model, BalanceMetrics balance) {
    Row row =
        place(
            model,
            "",
            balance.layer(),
            balance.product().name(),
            balance.head(),
            balance.stack(),
            balance.expert());
    String metric = "balance:" + balance.identity().label();
    balance.value().ifPresent(value -> add(rows, row, metric, value));
    balance.correlation().ifPresent(r -> add(rows, row, metric + ":correlation", r));
  }

  private static void add(List<Row> rows, Row row, String metric, double value) {
    rows.add(row.of(metric, value, OptionalDouble.empty()));
  }
}
