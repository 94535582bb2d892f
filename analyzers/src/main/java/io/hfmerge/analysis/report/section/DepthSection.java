package io.hfmerge.analysis.report.section;

import io.hfmerge.analysis.report.page.DataTable;
import io.hfmerge.analysis.report.page.DataTable.Column;
import io.hfmerge.analysis.report.page.Exhibit;
import io.hfmerge.analysis.report.page.Section;
import io.hfmerge.analysis.report.svg.Figure;
import io.hfmerge.analysis.report.svg.HeatPanel;
import io.hfmerge.analysis.report.svg.LinePanel;
import io.hfmerge.analysis.report.svg.LinePanel.Kind;
import io.hfmerge.analysis.report.svg.LinePanel.Line;
import io.hfmerge.analysis.report.svg.LinePanel.XY;
import io.hfmerge.analysis.report.svg.NumberText;
import io.hfmerge.analysis.report.svg.Panel;
import io.hfmerge.analysis.report.svg.Scale;
import io.hfmerge.hf.arch.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Norms and ranks through the depth of the models: lines by role, heat maps of layers and roles.
 */
final class DepthSection {

  private final Models models;
  private final List<Exhibit> exhibits = new ArrayList<>();

  private DepthSection(Models models) {
    this.models = models;
  }

  static Optional<Section> of(Models models) {
    DepthSection section = new DepthSection(models);
    List<MatrixMetric> metrics =
        MatrixMetric.ALL.stream()
            .filter(metric -> models.hasSpectra() || !metric.ofSpectrum())
            .toList();
    if (!models.several()) {
      List<MatrixMetric> mapped = metrics.stream().filter(MatrixMetric::heatMap).toList();
      models.stacks().forEach(stack -> section.exhibits.add(section.overview(stack, mapped)));
    }
    for (MatrixMetric metric : metrics) {
      for (String stack : models.stacks()) {
        section.add(metric, stack);
      }
    }
    if (section.exhibits.isEmpty()) {
      return Optional.empty();
    }
    List<String> prose = new ArrayList<>();
    prose.add(
        "Lines: one panel for each role, all on the same scale, the first layer on the left. "
            + (models.several()
                ? "One line for each model."
                : "Grey lines are the other roles, for comparison."));
    if (models.hasExperts()) {
      prose.add("Of mixtures, each point is the mean over the experts.");
    }
    return Optional.of(new Section("depth", "Through the depth", prose, section.exhibits));
  }

  private void add(MatrixMetric metric, String stack) {
    List<Role> roles = models.roles(stack);
    List<List<List<Double>>> values = new ArrayList<>();
    for (Role role : roles) {
      List<List<Double>> ofRole = new ArrayList<>();
      for (int model = 0; model < models.count(); model++) {
        ofRole.add(models.byLayer(model, stack, role, metric.value()));
      }
      values.add(ofRole);
    }
    List<Double> all = models.everywhere(stack, metric.value());
    exhibits.add(lines(metric, stack, roles, values, all));
    if (metric.heatMap() && models.several()) {
      exhibits.add(comparison(stack, metric));
    }
  }

  /** Values by role, model and layer. */
  private Exhibit lines(
      MatrixMetric metric,
      String stack,
      List<Role> roles,
      List<List<List<Double>>> values,
      List<Double> all) {
    int layers = models.layers(stack);
    Scale across = Scale.ofCounts(layers - 1);
    Scale upwards = Scale.linear(all);
    List<Panel> panels = new ArrayList<>();
    for (int r = 0; r < roles.size(); r++) {
      List<Line> lines = new ArrayList<>();
      for (int other = 0; other < roles.size() && !models.several(); other++) {
        if (other != r) {
          String name = RoleNames.of(roles.get(other));
          lines.add(new Line("", name, Kind.CONTEXT, 0, points(values.get(other).getFirst())));
        }
      }
      for (int model = 0; model < models.count(); model++) {
        String letter = models.several() ? models.letter(model) : "";
        String tooltip = models.prefix(model) + roles.get(r);
        lines.add(new Line(letter, tooltip, Kind.SERIES, model, points(values.get(r).get(model))));
      }
      panels.add(
          new LinePanel(
              RoleNames.of(roles.get(r)), across, upwards, "layer", "", lines, List.of()));
    }
    String title = Models.title(metric.title() + " by layer", stack);
    HeatPanel.Range range = HeatPanel.Range.of(all);
    return Exhibit.of(
        new Figure(
            Models.id(metric.id() + "-by-layer", stack),
            title,
            "Lines over %d layers, a panel for each of %d roles; values from %s to %s."
                .formatted(
                    layers, roles.size(), NumberText.of(range.low()), NumberText.of(range.high())),
            models.legend(),
            panels),
        metric.meaning(),
        table(title, roles, values, layers));
  }

  private static List<XY> points(List<Double> values) {
    List<XY> points = new ArrayList<>();
    for (int i = 0; i < values.size(); i++) {
      points.add(new XY(i, values.get(i)));
    }
    return points;
  }

  private DataTable table(
      String title, List<Role> roles, List<List<List<Double>>> values, int layers) {
    List<Column> columns = new ArrayList<>();
    columns.add(Column.number("layer"));
    for (Role role : roles) {
      for (int model = 0; model < models.count(); model++) {
        columns.add(
            Column.number(models.several() ? role + " " + models.letter(model) : "" + role));
      }
    }
    List<List<String>> rows = new ArrayList<>();
    for (int layer = 0; layer < layers; layer++) {
      List<String> row = new ArrayList<>();
      row.add("" + layer);
      for (List<List<Double>> ofRole : values) {
        for (List<Double> line : ofRole) {
          row.add(NumberText.of(line.get(layer)));
        }
      }
      rows.add(row);
    }
    return new DataTable(title, columns, rows);
  }

  /** One model's metrics side by side, each on its own scale. */
  private Exhibit overview(String stack, List<MatrixMetric> metrics) {
    List<Panel> panels = new ArrayList<>();
    for (MatrixMetric metric : metrics) {
      panels.add(
          heatMap(metric, stack, 0, metric.title(), models.everywhere(stack, metric.value())));
    }
    return Exhibit.of(
        new Figure(
            Models.id("layers-roles", stack),
            Models.title("Layers and roles at a glance", stack),
            "Heat maps of layers and roles, one for each number; the tables below have them all.",
            Optional.empty(),
            panels),
        "");
  }

  /** One metric of several models side by side, on one scale. */
  private Exhibit comparison(String stack, MatrixMetric metric) {
    List<Double> all = models.everywhere(stack, metric.value());
    List<Panel> panels = new ArrayList<>();
    for (int model = 0; model < models.count(); model++) {
      panels.add(heatMap(metric, stack, model, models.letter(model), all));
    }
    return Exhibit.of(
        new Figure(
            Models.id(metric.id() + "-layers-roles", stack),
            Models.title(metric.title() + ", layers and roles", stack),
            "Heat maps of layers and roles, one for each model; the table above has the numbers.",
            models.legend(),
            panels),
        "");
  }

  private HeatPanel heatMap(
      MatrixMetric metric, String stack, int model, String title, List<Double> all) {
    List<Role> roles = models.roles(stack);
    return new HeatPanel(
        title,
        "layer",
        models.layerLabels(stack),
        "role",
        roles.stream().map(Role::name).toList(),
        roles.stream().map(role -> models.byLayer(model, stack, role, metric.value())).toList(),
        HeatPanel.Range.of(all));
  }
}
