package io.hfmerge.analysis.report.section;

import io.hfmerge.analysis.metric.NormPreservation;
import io.hfmerge.analysis.metric.NormPreservation.LayerNorms;
import io.hfmerge.analysis.metric.NormPreservation.Outlier;
import io.hfmerge.analysis.metric.NormPreservation.RoleSpread;
import io.hfmerge.analysis.report.page.DataTable;
import io.hfmerge.analysis.report.page.DataTable.Column;
import io.hfmerge.analysis.report.page.Exhibit;
import io.hfmerge.analysis.report.page.Section;
import io.hfmerge.analysis.report.svg.Figure;
import io.hfmerge.analysis.report.svg.LinePanel;
import io.hfmerge.analysis.report.svg.LinePanel.Kind;
import io.hfmerge.analysis.report.svg.LinePanel.Level;
import io.hfmerge.analysis.report.svg.LinePanel.Line;
import io.hfmerge.analysis.report.svg.LinePanel.XY;
import io.hfmerge.analysis.report.svg.NumberText;
import io.hfmerge.analysis.report.svg.Panel;
import io.hfmerge.analysis.report.svg.Scale;
import io.hfmerge.hf.arch.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** How equal the norms of the matrices of a layer are, and how even those of a role are. */
final class NormSection {

  private NormSection() {}

  static Optional<Section> of(Models models) {
    List<Exhibit> exhibits = new ArrayList<>();
    for (String stack : models.stacks()) {
      ratios(models, stack).ifPresent(exhibits::add);
    }
    if (exhibits.isEmpty()) {
      return Optional.empty();
    }
    exhibits.add(spreads(models));
    outliers(models).ifPresent(exhibits::add);
    return Optional.of(
        new Section(
            "norms",
            "Norm preservation",
            List.of(
                "Lemma 2 of arXiv:2502.17340: gradient flow keeps the differences of squared"
                    + " Frobenius norms between homogeneous layers, and weight decay removes them."
                    + " A trained network whose norms agree is close to that ideal; one layer that"
                    + " does not agree was trained, merged or scaled differently."),
            exhibits));
  }

  private static Optional<Exhibit> ratios(Models models, String stack) {
    List<Panel> panels = new ArrayList<>();
    List<Double> all = new ArrayList<>(List.of(1.0));
    for (int model = 0; model < models.count(); model++) {
      layers(models, model, stack).forEach(layer -> all.addAll(layer.ratio().values()));
    }
    Scale upwards = Scale.linear(all);
    for (int model = 0; model < models.count(); model++) {
      List<Line> lines = new ArrayList<>();
      for (int r = 0; r < NormPreservation.ROLES.size(); r++) {
        Role role = NormPreservation.ROLES.get(r);
        List<XY> points = new ArrayList<>();
        for (LayerNorms layer : layers(models, model, stack)) {
          Double ratio = layer.ratio().get(role);
          if (ratio != null) {
            points.add(new XY(layer.layer(), ratio));
          }
        }
        if (!points.isEmpty()) {
          lines.add(new Line(role.name(), role.name(), Kind.SERIES, r, points));
        }
      }
      if (!lines.isEmpty()) {
        panels.add(
            new LinePanel(
                models.several() ? models.letter(model) + " · " + shortName(models, model) : "",
                Scale.ofCounts(models.layers(stack) - 1),
                upwards,
                "layer",
                "over the layer's mean",
                lines,
                List.of(new Level("", 1, false))));
      }
    }
    return panels.isEmpty()
        ? Optional.empty()
        : Optional.of(
            Exhibit.of(
                new Figure(
                    Models.id("norm-ratios", stack),
                    Models.title("Frobenius norms within each layer", stack),
                    "Norms of QKV, O, M1 and M2 over their geometric mean, layer by layer.",
                    Optional.empty(),
                    panels),
                "‖W‖_F over the geometric mean of the layer's four matrices; at 1 all are equal."));
  }

  private static String shortName(Models models, int model) {
    String name = models.name(model);
    int longest = 30;
    int length = name.codePointCount(0, name.length());
    return length <= longest
        ? name
        : "…" + name.substring(name.offsetByCodePoints(0, length - longest));
  }

  private static List<LayerNorms> layers(Models models, int model, String stack) {
    return models.get(model).normPreservation().layers().stream()
        .filter(layer -> layer.stack().equals(stack))
        .toList();
  }

  private static Exhibit spreads(Models models) {
    List<List<String>> rows = new ArrayList<>();
    for (int model = 0; model < models.count(); model++) {
      for (RoleSpread spread : models.get(model).normPreservation().roles()) {
        rows.add(
            List.of(
                models.prefix(model) + Models.title(spread.role().name(), spread.stack()),
                NumberText.of(spread.mean()),
                String.format(Locale.ROOT, "%.1f %%", 100 * spread.coefficientOfVariation()),
                spread.trend().map(trend -> NumberText.of(trend.slope())).orElse("–")));
      }
    }
    return Exhibit.of(
        "",
        new DataTable(
            "Frobenius norm of each role across the layers",
            List.of(
                Column.text("role"),
                Column.number("mean"),
                Column.number("varies by"),
                Column.number("trend per layer")),
            rows));
  }

  private static Optional<Exhibit> outliers(Models models) {
    List<List<String>> rows = new ArrayList<>();
    for (int model = 0; model < models.count(); model++) {
      for (Outlier outlier : models.get(model).normPreservation().outliers()) {
        rows.add(
            List.of(
                models.prefix(model) + Models.title(outlier.role().name(), outlier.stack()),
                "" + outlier.layer(),
                NumberText.of(outlier.frobenius()),
                NumberText.of(outlier.expected()),
                Double.isInfinite(outlier.score())
                    ? "all others lie on the line"
                    : NumberText.of(outlier.score())));
      }
    }
    return rows.isEmpty()
        ? Optional.empty()
        : Optional.of(
            Exhibit.of(
                "Layers whose norm is far from the straight line through those of its role (Theil"
                    + " and Sen's line; more than 3.5 deviations, estimated from the median).",
                new DataTable(
                    "Layers that do not fit",
                    List.of(
                        Column.text("role"),
                        Column.number("layer"),
                        Column.number("‖W‖ (Frobenius)"),
                        Column.number("expected"),
                        Column.number("deviations")),
                    rows)));
  }
}
