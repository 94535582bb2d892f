package io.hfmerge.analysis.report.section;

import io.hfmerge.analysis.AnalysisReport;
import io.hfmerge.analysis.AnalysisRequest.Metrics;
import io.hfmerge.analysis.report.page.DataTable;
import io.hfmerge.analysis.report.page.DataTable.Column;
import io.hfmerge.analysis.report.page.Exhibit;
import io.hfmerge.analysis.report.page.Section;
import io.hfmerge.analysis.report.svg.NumberText;
import java.util.ArrayList;
import java.util.List;

/** How the numbers were computed, from what, and where their definitions come from. */
final class MethodSection {

  private MethodSection() {}

  static Section of(Models models) {
    return new Section(
        "method",
        "Method",
        List.of(
            "Matrices are taken as [out, in]: fused projections are cut apart, transposed ones"
                + " turned. QKV is Q, K and V stacked. Elements are read as stored and accumulated"
                + " in double precision. Spectral norms alone come from block Lanczos iteration"
                + " with a bound on their error; full spectra from the Gram matrix of the shorter"
                + " side and its eigenvalues in double precision, which leaves values below about"
                + " 10⁻⁸ σ₁ undetermined.",
            "The noise floor is the spectral norm of a random matrix of rounding errors of the"
                + " stored format, over σ₁. Numbers on this page are rounded for reading; the JSON"
                + " has them in full."),
        List.of(subjects(models), papers()));
  }

  private static Exhibit subjects(Models models) {
    List<List<String>> rows = new ArrayList<>();
    for (int model = 0; model < models.count(); model++) {
      AnalysisReport report = models.get(model);
      AnalysisReport.Model subject = report.model();
      rows.add(
          List.of(
              models.prefix(model) + models.name(model),
              subject.revision().orElse("–"),
              subject.modelType(),
              subject
                  .dimensions()
                  .map(d ->
                      "%d layers, width %d, %d heads%s"
                          .formatted(
                              d.layers(),
                              d.hidden(),
                              d.heads(),
                              d.kvHeads() == d.heads() ? "" : ", " + d.kvHeads() + " key/value"))
                  .orElse("–"),
              subject.dtype(),
              (report.settings().request().metrics() == Metrics.ALL ? "full spectra" : "norms")
                  + (report.settings().request().heads() ? ", heads" : ""),
              NumberText.of(report.settings().request().epsilon()),
              report.settings().device()));
    }
    return Exhibit.of(
        "",
        new DataTable(
            "What was measured",
            List.of(
                Column.text("model"),
                Column.text("revision"),
                Column.text("type"),
                Column.text("size"),
                Column.text("dtype"),
                Column.text("metrics"),
                Column.number("ε"),
                Column.text("device")),
            rows));
  }

  private static Exhibit papers() {
    return Exhibit.of(
        "",
        new DataTable(
            "Sources",
            List.of(Column.text("paper"), Column.text("used for")),
            List.of(
                List.of(
                    "arXiv:2502.17340",
                    "stable rank (unsquared), norm preservation (Lemma 2), weighted harmonic mean"
                        + " of stable ranks (Lemma 3)"),
                List.of(
                    "arXiv:2410.23819",
                    "balance of attention factors (Lemma 3.1), bounds (Propositions A.4, A.5),"
                        + " pseudo-rank, row norms"),
                List.of("arXiv:2206.05794", "ε-rank, flattening of convolutions"),
                List.of("Roy and Vetterli, EUSIPCO 2007", "effective rank"),
                List.of("Theil 1950; Sen 1968", "trend of norms across layers"))));
  }
}
