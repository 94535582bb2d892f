package io.hfmerge.cli.output;

import io.hfmerge.analysis.AnalysisReport;
import io.hfmerge.analysis.metric.BalanceMetrics;
import io.hfmerge.analysis.metric.HeadMetrics;
import io.hfmerge.analysis.metric.MatrixMetrics;
import io.hfmerge.analysis.metric.NormPreservation;
import io.hfmerge.analysis.metric.Product;
import io.hfmerge.hf.arch.Role;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedSet;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/**
 * An analysis for people, at most 100 columns wide: stable ranks by layer and role, means by role,
 * heads by layer, and what was skipped or is doubtful.
 */
public final class AnalysisTable {

  private static final String BOLD = "\u001b[1m";
  private static final String YELLOW = "\u001b[33m";
  private static final String PLAIN = "\u001b[0m";

  /** Flags and skipped tensors that are named before the rest is counted. */
  private static final int NAMED = 10;

  private final AnalysisReport report;
  private final boolean colors;
  private final StringBuilder text = new StringBuilder();

  private AnalysisTable(AnalysisReport report, boolean colors) {
    this.report = report;
    this.colors = colors;
  }

  /**
   * Renders a report.
   *
   * @param colors whether to emphasise headings and warnings by ANSI sequences
   */
  public static String render(AnalysisReport report, boolean colors) {
    AnalysisTable table = new AnalysisTable(report, colors);
    table.title();
    table.stableRanks();
    table.roles();
    table.others();
    table.heads();
    table.balance();
    table.summary();
    table.doubts();
    return table.text.toString();
  }

  private void title() {
    AnalysisReport.Model model = report.model();
    StringBuilder line = new StringBuilder(Terminal.printable(model.id()));
    line.append(": ").append(Terminal.printable(model.modelType()));
    model
        .dimensions()
        .ifPresent(d ->
            line.append(
                ", %d layers, width %d, %d heads%s"
                    .formatted(
                        d.layers(),
                        d.hidden(),
                        d.heads(),
                        d.kvHeads() == d.heads() ? "" : " (" + d.kvHeads() + " key/value)")));
    if (!model.dtype().isEmpty()) {
      line.append(", ").append(model.dtype());
    }
    line.append("; computed on ").append(report.settings().device());
    model
        .base()
        .ifPresent(base ->
            line.append("\nThe difference to ")
                .append(Terminal.printable(base))
                .append(" was analysed like weights."));
    text.append(line).append('\n');
  }

  private void heading(String heading) {
    text.append('\n').append(emphasis(BOLD, heading)).append('\n');
  }

  private String emphasis(String sequence, String words) {
    return colors ? sequence + words + PLAIN : words;
  }

  private record Line(String place, Map<String, List<Double>> cells) {}

  private void stableRanks() {
    List<MatrixMetrics> inLayers =
        report.matrices().stream()
            .filter(matrix -> matrix.layer() >= 0 && !matrix.constant())
            .toList();
    if (inLayers.isEmpty()) {
      return;
    }
    SequencedSet<String> roles = new LinkedHashSet<>();
    for (Role role : Role.values()) {
      if (inLayers.stream().anyMatch(matrix -> matrix.role() == role)) {
        roles.add(role.name());
      }
    }
    Map<String, Line> lines = new LinkedHashMap<>();
    for (MatrixMetrics matrix : inLayers) {
      lines
          .computeIfAbsent(
              place(matrix.stack(), matrix.layer()),
              place -> new Line(place, new LinkedHashMap<>()))
          .cells()
          .computeIfAbsent(matrix.role().name(), role -> new ArrayList<>())
          .add(matrix.stableRank());
    }
    boolean experts = inLayers.stream().anyMatch(matrix -> matrix.expert().isPresent());
    heading(
        "Stable rank, Frobenius norm over spectral norm"
            + (experts ? " (mean over the experts)" : ""));
    print(lines.values(), "layer", roles);
  }

  private static String place(String stack, int layer) {
    return stack.isEmpty() ? "" + layer : Terminal.printable(stack) + " " + layer;
  }

  private void print(Iterable<Line> lines, String first, SequencedSet<String> names) {
    List<String> headings = new ArrayList<>(List.of(first));
    headings.addAll(names);
    TextTable table = new TextTable(headings);
    for (Line line : lines) {
      List<String> row = new ArrayList<>();
      row.add(line.place());
      for (String name : names) {
        double mean =
            line.cells().getOrDefault(name, List.of()).stream()
                .mapToDouble(Double::doubleValue)
                .average()
                .orElse(Double.NaN);
        row.add(number(mean));
      }
      table.add(row);
    }
    text.append(table.render());
  }

  private static String number(double value) {
    return TextTable.number(value);
  }

  private void roles() {
    Map<String, Line> lines = new LinkedHashMap<>();
    SequencedSet<String> names = new LinkedHashSet<>();
    for (Role role : Role.values()) {
      List<MatrixMetrics> matrices =
          report.matrices().stream()
              .filter(matrix -> matrix.role() == role && !matrix.constant())
              .toList();
      if (matrices.isEmpty()) {
        continue;
      }
      Line line = new Line(role.name(), new LinkedHashMap<>());
      lines.put(role.name(), line);
      mean(line, "frobenius", matrices, MatrixMetrics::frobenius);
      mean(line, "spectral", matrices, MatrixMetrics::spectral);
      mean(line, "stable rank", matrices, MatrixMetrics::stableRank);
      mean(line, "squared", matrices, MatrixMetrics::stableRankSquared);
      List<MatrixMetrics> full =
          matrices.stream().filter(matrix -> matrix.spectrum().isPresent()).toList();
      if (!full.isEmpty()) {
        mean(line, "nuclear", full, m -> m.spectrum().orElseThrow().nuclear());
        mean(line, "effective", full, m -> m.spectrum().orElseThrow().effectiveRank());
        mean(line, "pseudo", full, m -> m.spectrum().orElseThrow().pseudoRank());
        mean(line, "epsilon", full, m -> m.spectrum().orElseThrow().epsilonRank());
      }
      names.addAll(line.cells().keySet());
    }
    if (!lines.isEmpty()) {
      heading("Means by role" + (names.contains("pseudo") ? " (last three: ranks)" : ""));
      print(lines.values(), "role", names);
    }
  }

  private static void mean(
      Line line,
      String name,
      List<MatrixMetrics> matrices,
      ToDoubleFunction<MatrixMetrics> metric) {
    line.cells().put(name, matrices.stream().mapToDouble(metric).boxed().toList());
  }

  private void others() {
    List<MatrixMetrics> others =
        report.matrices().stream().filter(matrix -> matrix.layer() < 0).toList();
    if (others.isEmpty()) {
      return;
    }
    TextTable norms =
        TextTable.withWords("tensor", List.of("shape", "frobenius", "spectral", "stable rank"));
    TextTable spectra =
        TextTable.withWords("tensor", List.of("nuclear", "effective", "pseudo", "epsilon"));
    for (MatrixMetrics matrix : others) {
      String name = TextTable.name(matrix.tensor());
      norms.add(
          List.of(
              name,
              "%d x %d".formatted(matrix.rows(), matrix.columns()),
              number(matrix.frobenius()),
              number(matrix.spectral()),
              number(matrix.stableRank())));
      matrix
          .spectrum()
          .ifPresent(spectrum ->
              spectra.add(
                  List.of(
                      name,
                      number(spectrum.nuclear()),
                      number(spectrum.effectiveRank()),
                      number(spectrum.pseudoRank()),
                      "" + spectrum.epsilonRank())));
    }
    heading("Other matrices");
    text.append(norms.render());
    if (!spectra.isEmpty()) {
      heading("Their spectra (last three: ranks)");
      text.append(spectra.render());
    }
  }

  private void heads() {
    if (report.heads().isEmpty()) {
      return;
    }
    Map<String, Line> lines = new LinkedHashMap<>();
    for (HeadMetrics head : report.heads()) {
      Line line =
          lines.computeIfAbsent(
              place(head.stack(), head.layer()), place -> new Line(place, new LinkedHashMap<>()));
      String product = head.product().name();
      add(line, product + " gap", head.relativeDiscrepancy());
      add(line, product + " tightness", head.tightness());
      add(line, product + " rank", head.pseudoRank());
      head.rowNorms().correlation().ifPresent(r -> add(line, product + " rows", r));
    }
    SequencedSet<String> names = new LinkedHashSet<>();
    for (Product product : List.of(Product.QK, Product.VP)) {
      Stream.of(" gap", " tightness", " rank", " rows").forEach(m -> names.add(product + m));
    }
    heading(
        "Heads, means by layer (gap: relative discrepancy, rank: pseudo-rank, rows: correlation of"
            + "\nrow norms)");
    print(lines.values(), "layer", names);
  }

  private static void add(Line line, String name, double value) {
    line.cells().computeIfAbsent(name, key -> new ArrayList<>()).add(value);
  }

  private void balance() {
    Map<String, List<Double>> gaps = new LinkedHashMap<>();
    SequencedSet<String> none = new LinkedHashSet<>();
    for (BalanceMetrics entry : report.balance()) {
      if (entry.value().isPresent()) {
        gaps.computeIfAbsent(
                entry.product() + " " + entry.identity().label(), key -> new ArrayList<>())
            .add(entry.value().get());
      } else {
        none.add("%s: no identity to test, %s".formatted(entry.product(), entry.reason()));
      }
    }
    if (gaps.isEmpty() && none.isEmpty()) {
      return;
    }
    heading("Balance: relative gap of the identity for this architecture, 0 to 2");
    gaps.forEach((name, values) -> {
      double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
      text.append(
          "%s: mean %s, from %s to %s\n"
              .formatted(
                  name,
                  number(Arrays.stream(sorted).average().orElse(0)),
                  number(sorted[0]),
                  number(sorted[sorted.length - 1])));
    });
    none.forEach(line -> text.append(line).append('\n'));
    correlations();
  }

  private void correlations() {
    List<String> words = new ArrayList<>();
    for (Product product : Product.values()) {
      report.balance().stream()
          .filter(entry -> entry.product() == product)
          .flatMapToDouble(entry -> entry.correlation().stream())
          .average()
          .ifPresent(mean -> words.add(product + " " + number(mean)));
    }
    if (!words.isEmpty()) {
      text.append("mean correlation of the norms compared: ")
          .append(String.join(", ", words))
          .append('\n');
    }
  }

  private void summary() {
    AnalysisReport.Summary summary = report.summary();
    heading("Summary");
    text.append(
        "%d matrices, %d head products, %d skipped; spectral norms within %s relative\n"
            .formatted(
                summary.matrices(),
                summary.heads(),
                summary.skipped(),
                String.format(Locale.ROOT, "%.1e", summary.largestErrorBound())));
    report
        .normPreservation()
        .weightedHarmonicStableRank()
        .ifPresent(mean ->
            text.append("harmonic mean of stable ranks (QKV, O, M1, M2): ")
                .append(number(mean))
                .append('\n'));
    for (NormPreservation.RoleSpread role : report.normPreservation().roles()) {
      text.append(
          "Frobenius norm of %s%s across layers: mean %s, varies by %.1f %%%s\n"
              .formatted(
                  role.stack().isEmpty() ? "" : Terminal.printable(role.stack()) + " ",
                  role.role(),
                  number(role.mean()),
                  100 * role.coefficientOfVariation(),
                  role.trend()
                      .filter(trend -> role.mean() > 0)
                      .map(trend ->
                          String.format(
                              Locale.ROOT,
                              ", trend %+.2f %% per layer",
                              100 * trend.slope() / role.mean()))
                      .orElse("")));
    }
  }

  private void doubts() {
    List<String> doubts = new ArrayList<>();
    if (report.matrices().stream().anyMatch(matrix -> matrix.spectrum().isPresent())) {
      report.matrices().stream()
          .filter(MatrixMetrics::epsilonBelowNoise)
          .forEach(matrix ->
              doubts.add(
                  "%s: epsilon is below the noise of %s storage, %s of the largest singular value"
                      .formatted(
                          Terminal.printable(matrix.tensor()),
                          matrix.dtype(),
                          number(matrix.noiseFloor()))));
    }
    report.matrices().stream()
        .filter(MatrixMetrics::constant)
        .forEach(matrix ->
            doubts.add(
                TextTable.name(matrix.tensor())
                    + (matrix.frobenius() > 0
                        ? ": all elements are equal"
                        : report.model().base().isPresent()
                            ? ": unchanged from the base"
                            : matrix.rows() == 0 || matrix.columns() == 0
                                ? ": has no elements"
                                : ": all elements are zero")
                    + ", not averaged"));
    report
        .normPreservation()
        .outliers()
        .forEach(outlier ->
            doubts.add(
                "%s of layer %s: Frobenius norm %s, %s expected by the trend (%s deviations)"
                    .formatted(
                        outlier.role(),
                        place(outlier.stack(), outlier.layer()),
                        number(outlier.frobenius()),
                        number(outlier.expected()),
                        number(outlier.score()))));
    list("Flagged", doubts);
    list(
        "Skipped",
        report.skipped().stream()
            .map(entry ->
                Terminal.printable(entry.tensor()) + ": " + Terminal.printable(entry.reason()))
            .toList());
  }

  private void list(String heading, List<String> lines) {
    if (lines.isEmpty()) {
      return;
    }
    text.append('\n').append(emphasis(YELLOW, heading + ": " + lines.size())).append('\n');
    lines.stream().limit(NAMED).forEach(line -> text.append("  ").append(line).append('\n'));
    if (lines.size() > NAMED) {
      text.append("  and %d more; --format json lists all\n".formatted(lines.size() - NAMED));
    }
  }
}
