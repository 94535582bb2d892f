package io.hfmerge.analysis.report.section;

import io.hfmerge.analysis.metric.MatrixMetrics;
import io.hfmerge.analysis.report.page.DataTable;
import io.hfmerge.analysis.report.page.DataTable.Column;
import io.hfmerge.analysis.report.page.Exhibit;
import io.hfmerge.analysis.report.page.Section;
import io.hfmerge.analysis.report.svg.NumberText;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Matrices outside the layers: embeddings, heads, and all of a family that is not known. */
final class OtherSection {

  private OtherSection() {}

  static Optional<Section> of(Models models) {
    List<List<String>> rows = new ArrayList<>();
    for (int model = 0; model < models.count(); model++) {
      for (MatrixMetrics matrix : models.get(model).matrices()) {
        if (matrix.layer() >= 0) {
          continue;
        }
        rows.add(
            List.of(
                models.prefix(model) + matrix.tensor(),
                matrix.rows() + " × " + matrix.columns(),
                matrix.dtype().name(),
                NumberText.of(matrix.frobenius()),
                NumberText.of(matrix.spectral()),
                NumberText.of(matrix.stableRank()),
                matrix.spectrum().map(s -> NumberText.of(s.effectiveRank())).orElse("–"),
                matrix.constant() ? "constant" : ""));
      }
    }
    return rows.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Section(
                "others",
                "Outside the layers",
                List.of(),
                List.of(
                    Exhibit.of(
                        "",
                        new DataTable(
                            "Matrices that belong to no layer",
                            List.of(
                                Column.text("tensor"),
                                Column.number("shape"),
                                Column.text("dtype"),
                                Column.number("‖W‖ (Frobenius)"),
                                Column.number("spectral norm"),
                                Column.number("stable rank"),
                                Column.number("effective rank"),
                                Column.text("remark")),
                            rows)))));
  }
}
