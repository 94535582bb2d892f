package io.hfmerge.analysis.report.section;

import io.hfmerge.analysis.AnalysisReport;
import io.hfmerge.analysis.AnalysisReport.Summary;
import io.hfmerge.analysis.report.page.DataTable;
import io.hfmerge.analysis.report.page.DataTable.Column;
import io.hfmerge.analysis.report.page.Exhibit;
import io.hfmerge.analysis.report.page.ReportPage;
import io.hfmerge.analysis.report.page.ReportPage.Tile;
import io.hfmerge.analysis.report.page.Section;
import io.hfmerge.analysis.report.svg.NumberText;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Analyses of one model, or of several side by side, as a page. */
public final class AnalysisPage {

  private AnalysisPage() {}

  /**
   * Lays out a page.
   *
   * @param reports analyses, at least one; colours and letters follow their order
   */
  public static ReportPage of(List<AnalysisReport> reports) {
    return of(reports, List.of());
  }

  /**
   * Lays out a page with further results.
   *
   * @param reports analyses, at least one
   * @param more sections of other results, put before what stands out
   */
  public static ReportPage of(List<AnalysisReport> reports, List<Section> more) {
    Models models = new Models(reports);
    List<Section> sections = new ArrayList<>();
    if (models.several()) {
      sections.add(comparison(models));
    }
    DepthSection.of(models).ifPresent(sections::add);
    SpectrumSection.of(models).ifPresent(sections::add);
    HeadSection.of(models).ifPresent(sections::add);
    BalanceSection.of(models).ifPresent(sections::add);
    NormSection.of(models).ifPresent(sections::add);
    sections.addAll(more);
    OtherSection.of(models).ifPresent(sections::add);
    StandoutSection.of(models).ifPresent(sections::add);
    sections.add(GapSection.of(models));
    sections.add(MethodSection.of(models));
    return new ReportPage(
        title(models),
        subtitle(models),
        models.several() ? List.of() : tiles(reports.getFirst()),
        sections);
  }

  private static String title(Models models) {
    return models.several()
        ? "The weights of %d models".formatted(models.count())
        : "The weights of " + models.name(0);
  }

  private static String subtitle(Models models) {
    return models.several() ? "Side by side, each with a letter" : facts(models.get(0));
  }

  private static String facts(AnalysisReport report) {
    AnalysisReport.Model model = report.model();
    List<String> facts = new ArrayList<>(List.of(model.modelType()));
    model
        .dimensions()
        .ifPresent(d -> {
          facts.add(d.layers() + " layers");
          facts.add("width " + d.hidden());
          facts.add(
              d.heads()
                  + " heads"
                  + (d.kvHeads() == d.heads() ? "" : " (" + d.kvHeads() + " key/value)"));
        });
    if (!model.dtype().isEmpty()) {
      facts.add(model.dtype());
    }
    model.revision().ifPresent(revision -> facts.add("revision " + revision));
    return String.join(", ", facts);
  }

  /** One model's numbers at a glance. */
  private static List<Tile> tiles(AnalysisReport report) {
    Summary summary = report.summary();
    List<Tile> tiles = new ArrayList<>();
    tiles.add(
        new Tile(
            "Mean stable rank",
            NumberText.of(harmonicMean(report)),
            "weighted harmonic mean of QKV, O, M1, M2"));
    tiles.add(new Tile("Matrices measured", "" + summary.matrices(), ""));
    if (summary.heads() > 0) {
      tiles.add(new Tile("Head products", "" + summary.heads(), "QK and VP"));
    }
    tiles.add(new Tile("Spectral norms within", bound(summary), "bound on the relative error"));
    if (report.matrices().stream().anyMatch(matrix -> matrix.spectrum().isPresent())) {
      tiles.add(
          new Tile(
              "ε below the noise", "" + summary.belowNoise(), "tensors whose ε-rank to doubt"));
    }
    tiles.add(new Tile("Left out", "" + summary.skipped(), "each with its reason, at the end"));
    return tiles;
  }

  /** The same numbers of several models. */
  private static Section comparison(Models models) {
    List<List<String>> rows = new ArrayList<>();
    for (int model = 0; model < models.count(); model++) {
      AnalysisReport report = models.get(model);
      rows.add(
          List.of(
              models.letter(model),
              models.name(model),
              facts(report),
              NumberText.of(harmonicMean(report)),
              "" + report.summary().matrices(),
              "" + report.summary().heads(),
              bound(report.summary()),
              "" + report.summary().belowNoise(),
              "" + report.summary().skipped()));
    }
    return new Section(
        "models",
        "The models",
        List.of("Each model keeps its letter, its colour and its kind of line in all plots."),
        List.of(
            Exhibit.of(
                "",
                new DataTable(
                    "The models in a few numbers",
                    List.of(
                        Column.text(""),
                        Column.text("model"),
                        Column.text("kind"),
                        Column.number("mean stable rank"),
                        Column.number("matrices"),
                        Column.number("head products"),
                        Column.number("spectral norms within"),
                        Column.number("ε below noise"),
                        Column.number("left out")),
                    rows))));
  }

  private static double harmonicMean(AnalysisReport report) {
    return report.normPreservation().weightedHarmonicStableRank().orElse(Double.NaN);
  }

  private static String bound(Summary summary) {
    return String.format(Locale.ROOT, "%.1e", summary.largestErrorBound());
  }
}
