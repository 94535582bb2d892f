package io.hfmerge.analysis.report.section;

import io.hfmerge.analysis.AnalysisReport.Skipped;
import io.hfmerge.analysis.metric.MatrixMetrics;
import io.hfmerge.analysis.report.page.DataTable;
import io.hfmerge.analysis.report.page.DataTable.Column;
import io.hfmerge.analysis.report.page.Exhibit;
import io.hfmerge.analysis.report.page.Section;
import java.util.ArrayList;
import java.util.List;

/** What was not measured, and what was but counts in no average. */
final class GapSection {

  private GapSection() {}

  static Section of(Models models) {
    List<List<String>> rows = new ArrayList<>();
    for (int model = 0; model < models.count(); model++) {
      for (Skipped skipped : models.get(model).skipped()) {
        rows.add(
            List.of(models.prefix(model) + skipped.tensor(), "not measured: " + skipped.reason()));
      }
      for (MatrixMetrics matrix : models.get(model).matrices()) {
        if (matrix.constant()) {
          rows.add(
              List.of(
                  models.prefix(model) + matrix.tensor(),
                  "all elements are equal: never trained, or wiped out; not plotted, in no"
                      + " average"));
        }
      }
    }
    if (rows.isEmpty()) {
      return new Section(
          "gaps",
          "What was left out",
          List.of("Nothing: every matrix that was asked for was measured."),
          List.of());
    }
    return new Section(
        "gaps",
        "What was left out",
        List.of(),
        List.of(
            Exhibit.of(
                "",
                new DataTable(
                    "Not measured, or in no average",
                    List.of(Column.text("tensor"), Column.text("reason")),
                    rows))));
  }
}
