package io.hfmerge.cli.output;

import io.hfmerge.analysis.AnalysisReport;
import io.hfmerge.analysis.metric.HeadMetrics;
import io.hfmerge.analysis.metric.MatrixMetrics;
import io.hfmerge.analysis.metric.Product;
import io.hfmerge.analysis.metric.SpectrumMetrics;
import io.hfmerge.hf.arch.Role;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Several analyses for people, a column a model: means by role, and the matrices that differ most
 * from the first model's.
 */
public final class ComparisonTable {

  private static final String BOLD = "\u001b[1m";
  private static final String PLAIN = "\u001b[0m";

  /** Matrices named as those that differ most. */
  private static final int NAMED = 10;

  private record Place(String stack, int layer, Role role, OptionalInt expert, String other) {}

  private final List<AnalysisReport> reports;
  private final boolean colors;
  private final StringBuilder text = new StringBuilder();

  private ComparisonTable(List<AnalysisReport> reports, boolean colors) {
    this.reports = List.copyOf(reports);
    this.colors = colors;
  }

  /**
   * Renders reports in the order given.
   *
   * @param colors whether to emphasise headings by ANSI sequences
   */
  public static String render(List<AnalysisReport> reports, boolean colors) {
    ComparisonTable table = new ComparisonTable(reports, colors);
    table.models();
    table.roles();
    table.heads();
    table.changes();
    table.doubts();
    return table.text.toString();
  }

  private void heading(String heading) {
    text.append('\n').append(colors ? BOLD + heading + PLAIN : heading).append('\n');
  }

  private List<String> labels() {
    return IntStream.rangeClosed(1, reports.size()).mapToObj(i -> "[" + i + "]").toList();
  }

  private void models() {
    for (int i = 0; i < reports.size(); i++) {
      AnalysisReport.Model model = reports.get(i).model();
      text.append(
          "[%d] %s: %s%s\n"
              .formatted(
                  i + 1,
                  Terminal.printable(model.id()),
                  Terminal.printable(model.modelType()),
                  model.dtype().isEmpty() ? "" : ", " + model.dtype()));
    }
    reports
        .getFirst()
        .model()
        .base()
        .ifPresent(base ->
            text.append("Differences to ")
                .append(Terminal.printable(base))
                .append(" were analysed like weights.\n"));
  }

  private void roles() {
    compare("Stable rank, means by role", MatrixMetrics::stableRank);
    compare("Frobenius norm, means by role", MatrixMetrics::frobenius);
    compare("Spectral norm, means by role", MatrixMetrics::spectral);
    compare("Nuclear norm, means by role", spectrum(SpectrumMetrics::nuclear));
    compare("Effective rank, means by role", spectrum(SpectrumMetrics::effectiveRank));
    compare("Pseudo-rank, means by role", spectrum(SpectrumMetrics::pseudoRank));
    compare("Epsilon-rank, means by role", spectrum(SpectrumMetrics::epsilonRank));
  }

  /** NaN, which is left out, where there is no full spectrum. */
  private static ToDoubleFunction<MatrixMetrics> spectrum(
      ToDoubleFunction<SpectrumMetrics> metric) {
    return matrix -> matrix.spectrum().map(s -> metric.applyAsDouble(s)).orElse(Double.NaN);
  }

  private void compare(String heading, ToDoubleFunction<MatrixMetrics> metric) {
    TextTable table = new TextTable(concat("role", labels()));
    for (Role role : Role.values()) {
      double[] means =
          reports.stream()
              .mapToDouble(report ->
                  report.matrices().stream()
                      .filter(matrix -> matrix.role() == role && !matrix.constant())
                      .mapToDouble(metric)
                      .filter(Double::isFinite)
                      .average()
                      .orElse(Double.NaN))
              .toArray();
      add(table, role.name(), means);
    }
    print(heading, table);
  }

  private void heads() {
    TextTable table = TextTable.withWords("means over heads", labels());
    for (Product product : List.of(Product.QK, Product.VP)) {
      Map<String, ToDoubleFunction<HeadMetrics>> metrics = new LinkedHashMap<>();
      metrics.put(" relative discrepancy", HeadMetrics::relativeDiscrepancy);
      metrics.put(" tightness", HeadMetrics::tightness);
      metrics.put(" pseudo-rank", HeadMetrics::pseudoRank);
      metrics.forEach((name, metric) ->
          add(
              table,
              product + name,
              reports.stream()
                  .mapToDouble(report ->
                      report.heads().stream()
                          .filter(head -> head.product() == product)
                          .mapToDouble(metric)
                          .average()
                          .orElse(Double.NaN))
                  .toArray()));
    }
    print("Attention heads", table);
  }

  /** Adds a line unless no model has the number. */
  private static void add(TextTable table, String name, double[] values) {
    List<String> cells = new ArrayList<>(List.of(name));
    boolean any = false;
    for (double value : values) {
      any |= !Double.isNaN(value);
      cells.add(TextTable.number(value));
    }
    if (any) {
      table.add(cells);
    }
  }

  private void print(String heading, TextTable table) {
    if (!table.isEmpty()) {
      heading(heading);
      text.append(table.render());
    }
  }

  private static Place place(MatrixMetrics matrix) {
    return new Place(
        matrix.stack(),
        matrix.layer(),
        matrix.role(),
        matrix.expert(),
        matrix.role() == Role.OTHER ? matrix.tensor() : "");
  }

  private record Change(String tensor, double size, List<String> cells) {}

  private void changes() {
    List<Map<Place, MatrixMetrics>> others = new ArrayList<>();
    for (AnalysisReport report : reports) {
      Map<Place, MatrixMetrics> byPlace = new HashMap<>();
      report.matrices().forEach(matrix -> byPlace.put(place(matrix), matrix));
      others.add(byPlace);
    }
    List<Change> changes = new ArrayList<>();
    for (MatrixMetrics first : reports.getFirst().matrices()) {
      if (first.role() == Role.QKV) {
        continue; // its parts are there
      }
      List<String> cells = new ArrayList<>();
      double largest = 0;
      for (Map<Place, MatrixMetrics> matrices : others) {
        double rank =
            Optional.ofNullable(matrices.get(place(first)))
                .map(MatrixMetrics::stableRank)
                .orElse(Double.NaN);
        cells.add(TextTable.number(rank));
        if (rank > 0 && first.stableRank() > 0) {
          largest = Math.max(largest, Math.abs(Math.log(rank / first.stableRank())));
        }
      }
      if (largest > 0) {
        String tensor = TextTable.name(first.tensor());
        cells.addFirst(tensor + (first.role() == Role.OTHER ? "" : " (" + first.role() + ")"));
        cells.add(String.format(Locale.ROOT, "%.1f %%", 100 * Math.expm1(largest)));
        changes.add(new Change(tensor, largest, cells));
      }
    }
    changes.sort(Comparator.comparingDouble(Change::size).reversed().thenComparing(Change::tensor));
    List<String> headings = new ArrayList<>(labels());
    headings.add("up to");
    TextTable table = TextTable.withWords("tensor", headings);
    changes.stream().limit(NAMED).forEach(change -> table.add(change.cells()));
    print("Stable ranks that differ most from [1]", table);
  }

  private void doubts() {
    for (int i = 0; i < reports.size(); i++) {
      AnalysisReport.Summary summary = reports.get(i).summary();
      List<String> words = new ArrayList<>();
      words.add(summary.matrices() + " matrices");
      if (summary.skipped() > 0) {
        words.add(summary.skipped() + " skipped");
      }
      if (summary.constant() > 0) {
        words.add(
            summary.constant()
                + (reports.get(i).model().base().isPresent() ? " unchanged" : " constant"));
      }
      if (summary.belowNoise() > 0) {
        words.add(summary.belowNoise() + " with epsilon below the storage noise");
      }
      text.append(i == 0 ? "\n" : "")
          .append("[%d] ".formatted(i + 1))
          .append(String.join(", ", words))
          .append('\n');
    }
    text.append("Analyse a model alone, or with --format json, for all its numbers.\n");
  }

  private static List<String> concat(String first, List<String> rest) {
    List<String> all = new ArrayList<>(List.of(first));
    all.addAll(rest);
    return all;
  }
}
