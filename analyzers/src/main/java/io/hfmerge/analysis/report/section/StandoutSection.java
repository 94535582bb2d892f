package io.hfmerge.analysis.report.section;

import io.hfmerge.analysis.metric.HeadMetrics;
import io.hfmerge.analysis.metric.MatrixMetrics;
import io.hfmerge.analysis.report.page.DataTable;
import io.hfmerge.analysis.report.page.DataTable.Column;
import io.hfmerge.analysis.report.page.Exhibit;
import io.hfmerge.analysis.report.page.Section;
import io.hfmerge.analysis.report.svg.NumberText;
import io.hfmerge.hf.arch.Role;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/** The tensors and heads to look at first. */
final class StandoutSection {

  /** Entries of a ranking: as many as one looks at. */
  private static final int MOST = 8;

  private record Ranked(int model, MatrixMetrics matrix, double value, double median) {
    double ratio() {
      return value / median;
    }
  }

  private StandoutSection() {}

  static Optional<Section> of(Models models) {
    List<Exhibit> exhibits = new ArrayList<>();
    lowRanks(models).ifPresent(exhibits::add);
    norms(models).ifPresent(exhibits::add);
    noise(models).ifPresent(exhibits::add);
    heads(models).ifPresent(exhibits::add);
    return exhibits.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Section(
                "standouts",
                "What stands out",
                List.of(
                    "The tensors to look at first, each compared with the median of its role in"
                        + " the same model. Standing out is no fault in itself."),
                exhibits));
  }

  /** Each matrix with the median of its role, where a role has three or more. */
  private static List<Ranked> ranked(Models models, ToDoubleFunction<MatrixMetrics> metric) {
    List<Ranked> ranked = new ArrayList<>();
    for (int model = 0; model < models.count(); model++) {
      for (String stack : models.stacks()) {
        for (Role role : models.roles(stack)) {
          List<MatrixMetrics> matrices = models.matrices(model, stack, role);
          if (matrices.size() < 3) {
            continue;
          }
          double[] sorted = matrices.stream().mapToDouble(metric).sorted().toArray();
          double median = sorted[sorted.length / 2];
          for (MatrixMetrics matrix : matrices) {
            double value = metric.applyAsDouble(matrix);
            if (value > 0 && median > 0) {
              ranked.add(new Ranked(model, matrix, value, median));
            }
          }
        }
      }
    }
    return ranked;
  }

  private static Optional<Exhibit> lowRanks(Models models) {
    return table(
        models,
        "Lowest stable rank for their role",
        "stable rank",
        ranked(models, MatrixMetrics::stableRank).stream()
            .filter(entry -> entry.ratio() < 1)
            .sorted(Comparator.comparingDouble(Ranked::ratio))
            .limit(MOST)
            .toList());
  }

  private static Optional<Exhibit> norms(Models models) {
    return table(
        models,
        "Frobenius norm furthest from that of their role",
        "norm",
        ranked(models, MatrixMetrics::frobenius).stream()
            .sorted(Comparator.comparingDouble(entry -> -Math.abs(Math.log(entry.ratio()))))
            .limit(MOST)
            .toList());
  }

  private static Optional<Exhibit> table(
      Models models, String caption, String metric, List<Ranked> entries) {
    List<List<String>> rows = new ArrayList<>();
    for (Ranked entry : entries) {
      rows.add(
          List.of(
              models.prefix(entry.model()) + entry.matrix().tensor(),
              "" + entry.matrix().layer(),
              entry.matrix().role().name(),
              NumberText.of(entry.value()),
              NumberText.of(entry.median()),
              String.format(Locale.ROOT, "%.2f×", entry.ratio())));
    }
    return rows.isEmpty()
        ? Optional.empty()
        : Optional.of(
            Exhibit.of(
                "",
                new DataTable(
                    caption,
                    List.of(
                        Column.text("tensor"),
                        Column.number("layer"),
                        Column.text("role"),
                        Column.number(metric),
                        Column.number("median of the role"),
                        Column.number("ratio")),
                    rows)));
  }

  private static Optional<Exhibit> noise(Models models) {
    List<Ranked> entries = new ArrayList<>();
    for (int model = 0; model < models.count(); model++) {
      for (MatrixMetrics matrix : models.get(model).matrices()) {
        if (matrix.epsilonBelowNoise()) {
          entries.add(new Ranked(model, matrix, matrix.noiseFloor(), 1));
        }
      }
    }
    List<List<String>> rows =
        entries.stream()
            .sorted(Comparator.comparingDouble(entry -> -entry.value()))
            .limit(MOST)
            .map(entry ->
                List.of(
                    models.prefix(entry.model()) + entry.matrix().tensor(),
                    entry.matrix().dtype().name(),
                    NumberText.of(entry.value()),
                    NumberText.of(models.get(entry.model()).settings().request().epsilon())))
            .toList();
    return rows.isEmpty()
        ? Optional.empty()
        : Optional.of(
            Exhibit.of(
                "Rounding to the stored format alone can make singular values of this size, relative"
                    + " to σ₁: an ε-rank below them may count noise. "
                    + (entries.size() > MOST ? "The worst of %d.".formatted(entries.size()) : ""),
                new DataTable(
                    "ε below the noise of the storage format",
                    List.of(
                        Column.text("tensor"),
                        Column.text("dtype"),
                        Column.number("noise floor"),
                        Column.number("ε")),
                    rows)));
  }

  private static Optional<Exhibit> heads(Models models) {
    record Entry(int model, HeadMetrics head) {}
    List<Entry> entries = new ArrayList<>();
    for (int model = 0; model < models.count(); model++) {
      for (HeadMetrics head : models.get(model).heads()) {
        entries.add(new Entry(model, head));
      }
    }
    List<List<String>> rows =
        entries.stream()
            .sorted(Comparator.comparingDouble(entry -> entry.head().tightness()))
            .limit(MOST)
            .map(entry ->
                List.of(
                    models.prefix(entry.model())
                        + Models.title(entry.head().product().name(), entry.head().stack()),
                    "" + entry.head().layer(),
                    "" + entry.head().head(),
                    NumberText.of(entry.head().tightness()),
                    NumberText.of(entry.head().relativeDiscrepancy())))
            .toList();
    return rows.isEmpty()
        ? Optional.empty()
        : Optional.of(
            Exhibit.of(
                "",
                new DataTable(
                    "Least tight heads",
                    List.of(
                        Column.text("product"),
                        Column.number("layer"),
                        Column.number("head"),
                        Column.number("tightness"),
                        Column.number("relative discrepancy")),
                    rows)));
  }
}
