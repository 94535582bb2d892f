package io.hfmerge.analysis.report.section;

import io.hfmerge.analysis.interference.ConflictReport;
import io.hfmerge.analysis.interference.ConflictReport.GroupConflicts;
import io.hfmerge.analysis.interference.ConflictReport.Task;
import io.hfmerge.analysis.interference.Measure;
import io.hfmerge.analysis.interference.Measure.Scope;
import io.hfmerge.analysis.interference.MeasureValue;
import io.hfmerge.analysis.interference.Measures;
import io.hfmerge.analysis.interference.SumForecast;
import io.hfmerge.analysis.report.page.DataTable;
import io.hfmerge.analysis.report.page.DataTable.Column;
import io.hfmerge.analysis.report.page.Exhibit;
import io.hfmerge.analysis.report.page.ReportPage;
import io.hfmerge.analysis.report.page.ReportPage.Tile;
import io.hfmerge.analysis.report.page.Section;
import io.hfmerge.analysis.report.svg.Figure;
import io.hfmerge.analysis.report.svg.HeatPanel;
import io.hfmerge.analysis.report.svg.LegendPanel;
import io.hfmerge.analysis.report.svg.LinePanel;
import io.hfmerge.analysis.report.svg.LinePanel.Kind;
import io.hfmerge.analysis.report.svg.LinePanel.Line;
import io.hfmerge.analysis.report.svg.LinePanel.XY;
import io.hfmerge.analysis.report.svg.NumberText;
import io.hfmerge.analysis.report.svg.Panel;
import io.hfmerge.analysis.report.svg.Scale;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** How task vectors clash, as a page: task by task, layer by layer, and what theory makes of it. */
public final class ConflictPage {

  /** Pairs up to which each has a line of its own. */
  private static final int MOST_PAIRS = 8;

  private static final int LETTERS = 26;

  private static final double RIGHT_ANGLE = 90;

  private final ConflictReport report;

  private ConflictPage(ConflictReport report) {
    this.report = report;
  }

  /** Lays out a page. */
  public static ReportPage of(ConflictReport report) {
    ConflictPage page = new ConflictPage(report);
    List<Section> sections = new ArrayList<>();
    sections.add(page.tasks());
    sections.add(page.pairs());
    report.theory().ifPresent(theory -> sections.add(page.theory(theory)));
    page.layers().ifPresent(sections::add);
    sections.add(page.roles());
    sections.add(page.skipped());
    sections.add(method());
    return new ReportPage(
        "Conflicts of %d task vectors".formatted(report.tasks().size()),
        "Differences to %s, %s".formatted(report.base(), report.modelType()),
        page.tiles(),
        sections);
  }

  private static String letter(int task) {
    String letter = "" + (char) ('A' + task % LETTERS);
    return task < LETTERS ? letter : letter + task / LETTERS;
  }

  private List<String> letters() {
    return IntStream.range(0, report.tasks().size()).mapToObj(ConflictPage::letter).toList();
  }

  private Optional<Panel> legend() {
    return Optional.of(new LegendPanel(letters(), report.tasks().stream().map(Task::id).toList()));
  }

  private static List<Measure> measures(Scope scope) {
    return Measures.all().stream().filter(measure -> measure.scope() == scope).toList();
  }

  private static OptionalDouble value(List<MeasureValue> values, Measure measure, int a, int b) {
    return values.stream()
        .filter(value ->
            value.measure().equals(measure)
                && value.first().orElse(-1) == a
                && value.second().orElse(-1) == b)
        .mapToDouble(MeasureValue::value)
        .findFirst();
  }

  private List<Tile> tiles() {
    return measures(Scope.SUM).stream()
        .flatMap(measure ->
            report.model().values().stream().filter(value -> value.measure().equals(measure)))
        .map(
            value -> new Tile(value.measure().title(), NumberText.of(value.value()), chance(value)))
        .toList();
  }

  private static String chance(MeasureValue value) {
    return value.chance().isPresent()
        ? "by chance " + NumberText.of(value.chance().getAsDouble())
        : "";
  }

  private Section tasks() {
    List<Measure> measured =
        measures(Scope.TASK).stream()
            .filter(measure ->
                report.model().values().stream().anyMatch(v -> v.measure().equals(measure)))
            .toList();
    List<Column> columns = new ArrayList<>(List.of(Column.text("measure")));
    letters().forEach(letter -> columns.add(Column.number(letter)));
    columns.add(Column.number("by chance"));
    List<List<String>> rows = new ArrayList<>();
    List<String> weights = new ArrayList<>(List.of("weight"));
    report.tasks().forEach(task -> weights.add(NumberText.of(task.weight())));
    weights.add(NumberText.of(Double.NaN));
    rows.add(weights);
    for (Measure measure : measured) {
      List<String> row = new ArrayList<>(List.of(measure.title()));
      for (int task = 0; task < report.tasks().size(); task++) {
        row.add(
            NumberText.of(value(report.model().values(), measure, task, -1).orElse(Double.NaN)));
      }
      row.add(NumberText.of(chance(report.model().values(), measure)));
      rows.add(row);
    }
    return new Section(
        "tasks",
        "The task vectors",
        List.of(
            "A task vector is what fine-tuning added to the base. Its weight is its factor in the"
                + " sum that is looked at before it is made. "
                + names()),
        List.of(Exhibit.of("", new DataTable("Whole models", columns, rows))));
  }

  /** Means over tasks or pairs, role by role. */
  private Section roles() {
    List<Column> columns = new ArrayList<>(List.of(Column.text("measure")));
    List<GroupConflicts> roles =
        report.roles().stream().filter(group -> group.role().isPresent()).toList();
    roles.forEach(group -> columns.add(Column.number(group.role().map(Enum::name).orElse(""))));
    List<List<String>> rows = new ArrayList<>();
    for (Measure measure : Measures.all()) {
      List<String> row = new ArrayList<>(List.of(measure.title()));
      boolean any = false;
      for (GroupConflicts group : roles) {
        OptionalDouble mean =
            group.values().stream()
                .filter(value -> value.measure().equals(measure))
                .mapToDouble(MeasureValue::value)
                .average();
        any |= mean.isPresent();
        row.add(NumberText.of(mean.orElse(Double.NaN)));
      }
      if (any) {
        rows.add(row);
      }
    }
    return new Section(
        "roles",
        "By role",
        List.of("Means over task vectors and pairs; JSON and CSV have each by itself."),
        List.of(Exhibit.of("", new DataTable("Roles", columns, rows))));
  }

  /** Mean over the tasks, whose chance levels differ little. */
  private static double chance(List<MeasureValue> values, Measure measure) {
    return values.stream()
        .filter(value -> value.measure().equals(measure) && value.chance().isPresent())
        .mapToDouble(value -> value.chance().getAsDouble())
        .average()
        .orElse(Double.NaN);
  }

  private String names() {
    return IntStream.range(0, report.tasks().size())
        .mapToObj(task -> letter(task) + " is " + report.tasks().get(task).id())
        .collect(Collectors.joining(", ", "", "."));
  }

  private Section pairs() {
    List<Measure> measures = new ArrayList<>(measures(Scope.PAIR));
    measures.addAll(measures(Scope.DIRECTED));
    List<Panel> panels = new ArrayList<>();
    List<List<String>> rows = new ArrayList<>();
    for (Measure measure : measures) {
      List<MeasureValue> values =
          report.model().values().stream().filter(v -> v.measure().equals(measure)).toList();
      if (values.isEmpty()) {
        continue;
      }
      panels.add(matrix(measure, values));
      for (MeasureValue value : values) {
        rows.add(
            List.of(
                measure.title(),
                letter(value.first().orElse(0)) + ", " + letter(value.second().orElse(0)),
                NumberText.of(value.value()),
                NumberText.of(value.chance().orElse(Double.NaN)),
                NumberText.of(value.aboveChance().orElse(Double.NaN))));
      }
    }
    if (panels.isEmpty()) {
      return new Section("pairs", "Task against task", List.of("No pair was measured."), List.of());
    }
    return new Section(
        "pairs",
        "Task against task",
        List.of(
            "Each panel compares all task vectors in one way, over the whole model. Compare the"
                + " numbers with the level of chance, which the table has: in so many dimensions"
                + " small cosines are no accident, and large subspaces overlap by themselves."),
        List.of(
            Exhibit.of(
                new Figure(
                    "conflict-pairs",
                    "Task against task",
                    "Heat maps of tasks and tasks, one for each measure of pairs.",
                    Optional.empty(),
                    panels),
                "Rows are the task that is asked about, columns the other. Where both directions"
                    + " are measured, they differ. "
                    + names(),
                new DataTable(
                    "Pairs",
                    List.of(
                        Column.text("measure"),
                        Column.text("tasks"),
                        Column.number("value"),
                        Column.number("by chance"),
                        Column.number("above chance")),
                    rows))));
  }

  private HeatPanel matrix(Measure measure, List<MeasureValue> values) {
    int count = report.tasks().size();
    List<List<Double>> table = new ArrayList<>();
    for (int row = 0; row < count; row++) {
      List<Double> line = new ArrayList<>();
      for (int column = 0; column < count; column++) {
        int first = row;
        int second = column;
        line.add(
            values.stream()
                .filter(value ->
                    is(value, first, second)
                        || (measure.scope() == Scope.PAIR && is(value, second, first)))
                .map(MeasureValue::value)
                .findFirst()
                .orElse(Double.NaN));
      }
      table.add(line);
    }
    return new HeatPanel(
        measure.title(), "task", letters(), "task", letters(), table, range(values));
  }

  private static boolean is(MeasureValue value, int first, int second) {
    return value.first().orElse(-1) == first && value.second().orElse(-1) == second;
  }

  /**
   * The whole range that a measure can have, where it has one: what is small must look small.
   * Shares end at 1, cosines at -1 and 1, angles at 90 degrees.
   */
  private static HeatPanel.Range range(List<MeasureValue> values) {
    double least = values.stream().mapToDouble(MeasureValue::value).min().orElse(0);
    double greatest = values.stream().mapToDouble(MeasureValue::value).max().orElse(1);
    if (least < 0) {
      double size = Math.max(1, Math.max(-least, greatest));
      return new HeatPanel.Range(-size, size, true);
    }
    if (greatest <= 1) {
      return new HeatPanel.Range(0, 1, false);
    }
    return new HeatPanel.Range(0, greatest <= RIGHT_ANGLE ? RIGHT_ANGLE : greatest, false);
  }

  private Section theory(SumForecast theory) {
    List<List<String>> pairs = new ArrayList<>();
    for (SumForecast.PairReading pair : theory.pairs()) {
      pairs.add(
          List.of(
              letter(pair.first()) + ", " + letter(pair.second()),
              NumberText.of(pair.inputAlignment().value()),
              NumberText.of(pair.inputAlignment().chance().orElse(Double.NaN)),
              pair.worst().map(SumForecast.Worst::tensor).orElse("–"),
              pair.worst().map(worst -> NumberText.of(worst.value())).orElse("–")));
    }
    List<List<String>> tasks = new ArrayList<>();
    for (SumForecast.TaskReading task : theory.tasks()) {
      tasks.add(
          List.of(
              letter(task.task()),
              report.tasks().get(task.task()).id(),
              NumberText.of(task.damage().value()),
              task.worst().map(SumForecast.Worst::tensor).orElse("–"),
              task.worst().map(worst -> NumberText.of(worst.value())).orElse("–")));
    }
    return new Section(
        "theory",
        "What theory makes of the sum",
        List.of(SumForecast.STATEMENT),
        List.of(
            Exhibit.of(
                "",
                new DataTable(
                    "Distance of input spaces from orthogonal: 0 is orthogonal, 1 the same",
                    List.of(
                        Column.text("tasks"),
                        Column.number("input alignment"),
                        Column.number("by chance"),
                        Column.text("largest in"),
                        Column.number("there")),
                    pairs)),
            Exhibit.of(
                "",
                new DataTable(
                    "Predicted damage: squared error on a task's inputs over the squared effect of"
                        + " its own update",
                    List.of(
                        Column.text(""),
                        Column.text("task"),
                        Column.number("predicted damage"),
                        Column.text("largest in"),
                        Column.number("there")),
                    tasks))));
  }

  /** Measures through the depth: one panel for each, one line for each task, pair, or the sum. */
  private Optional<Section> layers() {
    List<String> stacks = report.layers().stream().map(GroupConflicts::stack).distinct().toList();
    List<Exhibit> exhibits = new ArrayList<>();
    for (String stack : stacks) {
      List<GroupConflicts> layers =
          report.layers().stream()
              .filter(group -> group.stack().equals(stack) && group.layer().isPresent())
              .toList();
      for (Scope scope : Scope.values()) {
        List<Panel> panels = new ArrayList<>();
        for (Measure measure : measures(scope)) {
          panel(measure, layers).ifPresent(panels::add);
        }
        if (!panels.isEmpty()) {
          exhibits.add(exhibit(scope, stack, panels));
        }
      }
    }
    return exhibits.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Section(
                "layers",
                "Through the depth",
                List.of("The same measures layer by layer, the first layer on the left."),
                exhibits));
  }

  private Exhibit exhibit(Scope scope, String stack, List<Panel> panels) {
    String id =
        switch (scope) {
          case PAIR -> "pairs";
          case DIRECTED -> "directed";
          case TASK -> "tasks";
          case SUM -> "sum";
        };
    String title =
        switch (scope) {
          case PAIR -> "Pairs of task vectors by layer";
          case DIRECTED -> "What one does to the other, by layer";
          case TASK -> "Each task vector by layer";
          case SUM -> "The sum by layer";
        };
    String caption =
        switch (scope) {
          case PAIR, DIRECTED ->
              "Lines are named by the letters of their tasks"
                  + (pairCount() > MOST_PAIRS ? "; grey where there are too many to name. " : ". ")
                  + names();
          case TASK -> "One line for each task.";
          case SUM -> "All task vectors together.";
        };
    return Exhibit.of(
        new Figure(
            Models.id("conflict-layers-" + id, stack),
            Models.title(title, stack),
            "Lines over the layers, a panel for each measure.",
            // lines of pairs are no task's, and the sum has one line
            scope == Scope.TASK ? legend() : Optional.empty(),
            panels),
        caption);
  }

  private int pairCount() {
    return report.tasks().size() * (report.tasks().size() - 1) / 2;
  }

  private Optional<Panel> panel(Measure measure, List<GroupConflicts> layers) {
    Map<String, List<XY>> lines = new LinkedHashMap<>();
    List<Double> all = new ArrayList<>();
    for (GroupConflicts layer : layers) {
      for (MeasureValue value : layer.values()) {
        if (value.measure().equals(measure)) {
          String name =
              value.first().stream().mapToObj(ConflictPage::letter).findFirst().orElse("")
                  + value.second().stream().mapToObj(ConflictPage::letter).findFirst().orElse("");
          lines
              .computeIfAbsent(name, key -> new ArrayList<>())
              .add(new XY(layer.layer().orElse(0), value.value()));
          all.add(value.value());
        }
      }
    }
    if (lines.isEmpty()) {
      return Optional.empty();
    }
    int last = layers.stream().mapToInt(layer -> layer.layer().orElse(0)).max().orElse(0);
    boolean named = lines.size() <= MOST_PAIRS || measure.scope() == Scope.TASK;
    List<Line> drawn = new ArrayList<>();
    lines.forEach((name, points) ->
        drawn.add(
            new Line(
                named ? name : "",
                measure.title() + " " + name,
                named ? Kind.SERIES : Kind.CONTEXT,
                drawn.size(),
                points)));
    return Optional.of(
        new LinePanel(
            measure.title(),
            Scale.ofCounts(last),
            Scale.linear(all),
            "layer",
            "",
            drawn,
            List.of()));
  }

  private Section skipped() {
    return report.skipped().isEmpty()
        ? new Section("gaps", "What was left out", List.of("Nothing."), List.of())
        : new Section(
            "gaps",
            "What was left out",
            List.of(),
            List.of(
                Exhibit.of(
                    "",
                    new DataTable(
                        "Not measured",
                        List.of(Column.text("tensor"), Column.text("reason")),
                        report.skipped().stream()
                            .map(entry -> List.of(entry.tensor(), entry.reason()))
                            .toList()))));
  }

  private static Section method() {
    return new Section(
        "method",
        "Method",
        List.of(
            "Sums over elements are exact for layers, roles and the whole model; all other numbers"
                + " are means over matrices weighted by squared Frobenius norms of what they speak"
                + " of. Chance is what independent random task vectors of the same spectra would"
                + " give."),
        List.of(
            Exhibit.of(
                "",
                new DataTable(
                    "What the numbers mean",
                    List.of(Column.text("measure"), Column.text("meaning")),
                    Measures.all().stream()
                        .map(measure -> List.of(measure.title(), measure.meaning()))
                        .toList()))));
  }
}
