package io.hfmerge.analysis.report.section;

import io.hfmerge.analysis.metric.MatrixMetrics;
import io.hfmerge.analysis.report.page.DataTable;
import io.hfmerge.analysis.report.page.DataTable.Column;
import io.hfmerge.analysis.report.page.Exhibit;
import io.hfmerge.analysis.report.page.Section;
import io.hfmerge.analysis.report.svg.DepthPanel;
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
import java.util.Optional;

/** Singular values of every matrix, relative to the largest, with ε and the noise floor. */
final class SpectrumSection {

  /** Where plots end: what is below is beyond the accuracy of singular values by Gram matrices. */
  private static final double LEAST = 1e-8;

  /** A level so far below the smallest singular value is named but not drawn to scale. */
  private static final double REACH = 0.02;

  /** Share of a spectrum that sets the scale: the last value of a square matrix is nearly 0. */
  private static final double SCALED = 0.98;

  /** Points of a line: the first ones, where spectra bend, and as many as a plot has pixels. */
  private static final int HEAD = 16;

  private static final int TAIL = 64;

  private final Models models;
  private final List<Exhibit> exhibits = new ArrayList<>();

  private SpectrumSection(Models models) {
    this.models = models;
  }

  static Optional<Section> of(Models models) {
    SpectrumSection section = new SpectrumSection(models);
    for (String stack : models.stacks()) {
      for (int model = 0; model < models.count(); model++) {
        section.spectra(model, stack);
      }
      if (models.several()) {
        section.overlay(stack);
      }
    }
    return section.exhibits.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Section(
                "spectra",
                "Spectra",
                List.of(
                    "Singular values over the largest one, σᵢ/σ₁, from the first to the last. The"
                        + " dashed line is ε, above which the ε-rank counts; the dotted one is the"
                        + " noise floor, the spectral norm that rounding to the stored format alone"
                        + " can make. What lies below the floor may be rounding, not training."),
                section.exhibits));
  }

  private void spectra(int model, String stack) {
    int layers = models.layers(stack);
    List<Panel> panels = new ArrayList<>();
    List<List<String>> rows = new ArrayList<>();
    Scale upwards = scale(stack);
    for (Role role : models.roles(stack)) {
      List<Line> lines = new ArrayList<>();
      for (MatrixMetrics matrix : withSpectrum(model, stack, role)) {
        double depth = Models.depth(matrix.layer(), layers);
        lines.add(new Line("", place(matrix), Kind.DEPTH, depth, curve(values(matrix))));
        rows.add(row(matrix));
      }
      if (!lines.isEmpty()) {
        panels.add(panel(role, upwards, lines, levels(model, stack, role, upwards)));
      }
    }
    if (panels.isEmpty()) {
      return;
    }
    String title = Models.title(models.prefix(model) + "Singular values", stack);
    String id = models.several() ? "spectra-" + (model + 1) : "spectra";
    exhibits.add(
        Exhibit.of(
            new Figure(
                Models.id(id, stack),
                title,
                "σᵢ/σ₁ on a logarithmic scale, a line for each layer, a panel for each role.",
                Optional.of(new DepthPanel("layer 0", "layer " + (layers - 1))),
                panels),
            models.several() ? "" : "One line for each layer.",
            new DataTable(
                title,
                List.of(
                    Column.text("role"),
                    Column.number("layer"),
                    Column.text("tensor"),
                    Column.number("σ₁"),
                    Column.number("median σ/σ₁"),
                    Column.number("last σ/σ₁"),
                    Column.number("above ε"),
                    Column.number("of"),
                    Column.number("noise floor")),
                rows)));
  }

  private static LinePanel panel(Role role, Scale upwards, List<Line> lines, List<Level> levels) {
    return new LinePanel(
        RoleNames.of(role), Scale.linear(0, 1, 4), upwards, "i/n", "σᵢ/σ₁", lines, levels);
  }

  private static String place(MatrixMetrics matrix) {
    return "layer "
        + matrix.layer()
        + (matrix.expert().isPresent() ? ", expert " + matrix.expert().getAsInt() : "");
  }

  private List<MatrixMetrics> withSpectrum(int model, String stack, Role role) {
    return models.matrices(model, stack, role).stream()
        .filter(matrix -> matrix.spectrum().isPresent() && matrix.spectral() > 0)
        .toList();
  }

  private static List<Double> values(MatrixMetrics matrix) {
    return matrix.spectrum().orElseThrow().singularValues();
  }

  private static List<String> row(MatrixMetrics matrix) {
    List<Double> values = values(matrix);
    double largest = values.getFirst();
    return List.of(
        matrix.role().name(),
        "" + matrix.layer(),
        matrix.tensor(),
        NumberText.of(largest),
        NumberText.of(values.get(values.size() / 2) / largest),
        NumberText.of(values.getLast() / largest),
        "" + matrix.spectrum().orElseThrow().epsilonRank(),
        "" + values.size(),
        NumberText.of(matrix.noiseFloor()));
  }

  /** Some points of a spectrum: share of the index, σᵢ/σ₁. */
  private static List<XY> curve(List<Double> descending) {
    int n = descending.size();
    double largest = descending.getFirst();
    List<XY> points = new ArrayList<>();
    for (int i = 1; i <= Math.min(n, HEAD); i++) {
      points.add(new XY((double) i / n, descending.get(i - 1) / largest));
    }
    int rest = n - HEAD;
    int steps = Math.min(rest, TAIL);
    for (int i = 1; i <= steps; i++) {
      int at = HEAD + (int) ((long) rest * i / steps);
      points.add(new XY((double) at / n, descending.get(at - 1) / largest));
    }
    return points;
  }

  /** The same scale for all models and roles of a stack. */
  private Scale scale(String stack) {
    double least = 1;
    List<Double> levels = new ArrayList<>();
    for (int model = 0; model < models.count(); model++) {
      levels.add(models.get(model).settings().request().epsilon());
      for (Role role : models.roles(stack)) {
        for (MatrixMetrics matrix : withSpectrum(model, stack, role)) {
          List<Double> values = values(matrix);
          double low = values.get((int) (SCALED * (values.size() - 1))) / values.getFirst();
          least = Math.min(least, Math.max(low, LEAST));
          levels.add(matrix.noiseFloor());
        }
      }
    }
    double bottom = least;
    for (double level : levels) {
      if (level > least * REACH) {
        bottom = Math.min(bottom, level);
      }
    }
    // below the lowest line there is room for the name of what lies deeper
    return Scale.logarithmic(bottom / 8, 1.25);
  }

  private List<Level> levels(int model, String stack, Role role, Scale upwards) {
    List<Level> levels = new ArrayList<>();
    double epsilon = models.get(model).settings().request().epsilon();
    if (epsilon > 0) {
      levels.add(level("ε = " + NumberText.of(epsilon), epsilon, false, upwards));
    }
    List<MatrixMetrics> matrices = withSpectrum(model, stack, role);
    double floor = matrices.stream().mapToDouble(MatrixMetrics::noiseFloor).max().orElse(0);
    if (floor > 0) {
      String name = "noise of " + matrices.getFirst().dtype() + ", " + NumberText.of(floor);
      levels.add(level(name, floor, true, upwards));
    }
    return levels;
  }

  /** A level, at the foot of the plot with an arrow where it is below. */
  private static Level level(String name, double value, boolean noise, Scale upwards) {
    return value < upwards.low()
        ? new Level("↓ " + name, upwards.low(), noise)
        : new Level(name, value, noise);
  }

  /** The geometric mean over the layers, model against model. */
  private void overlay(String stack) {
    List<Panel> panels = new ArrayList<>();
    Scale upwards = scale(stack);
    for (Role role : models.roles(stack)) {
      List<Line> lines = new ArrayList<>();
      for (int model = 0; model < models.count(); model++) {
        List<List<XY>> curves =
            withSpectrum(model, stack, role).stream().map(m -> curve(values(m))).toList();
        if (curves.stream().mapToInt(List::size).distinct().count() == 1) {
          lines.add(
              new Line(models.letter(model), models.name(model), Kind.SERIES, model, mean(curves)));
        }
      }
      if (!lines.isEmpty()) {
        panels.add(panel(role, upwards, lines, List.of()));
      }
    }
    if (!panels.isEmpty()) {
      exhibits.add(
          Exhibit.of(
              new Figure(
                  Models.id("spectra-overlaid", stack),
                  Models.title("Mean spectra, model against model", stack),
                  "Geometric mean of σᵢ/σ₁ over the layers, a line for each model.",
                  models.legend(),
                  panels),
              "The geometric mean of σᵢ/σ₁ over all layers of a role."));
    }
  }

  private static List<XY> mean(List<List<XY>> curves) {
    List<XY> mean = new ArrayList<>();
    for (int i = 0; i < curves.getFirst().size(); i++) {
      double logarithms = 0;
      for (List<XY> curve : curves) {
        logarithms += Math.log(Math.max(curve.get(i).y(), Double.MIN_NORMAL));
      }
      mean.add(new XY(curves.getFirst().get(i).x(), Math.exp(logarithms / curves.size())));
    }
    return mean;
  }
}
