package io.hfmerge.cli.output;

import io.hfmerge.analysis.AnalysisReport.Skipped;
import io.hfmerge.analysis.interference.ConflictReport;
import io.hfmerge.analysis.interference.ConflictReport.GroupConflicts;
import io.hfmerge.analysis.interference.ConflictReport.TensorConflicts;
import io.hfmerge.analysis.interference.MeasureValue;
import io.hfmerge.analysis.interference.SumForecast;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * Conflicts of task vectors for people, at most 100 columns wide: pairs, tasks and the sum for the
 * whole model, roles and layers, the worst tensors, and what theory makes of it.
 */
public final class ConflictTable {

  private static final String BOLD = "\u001b[1m";
  private static final String YELLOW = "\u001b[33m";
  private static final String PLAIN = "\u001b[0m";

  /** Tensors named as worst, and skipped ones named before the rest is counted. */
  private static final int NAMED = 10;

  private static final int WIDTH = 98;

  /** Storage noise above this share is said: a tenth of the energy of a task vector. */
  private static final double NOISY = 0.3;

  private final ConflictReport report;
  private final boolean colors;
  private final StringBuilder text = new StringBuilder();

  private ConflictTable(ConflictReport report, boolean colors) {
    this.report = report;
    this.colors = colors;
  }

  /**
   * Renders a report.
   *
   * @param colors whether to emphasise headings and warnings by ANSI sequences
   */
  public static String render(ConflictReport report, boolean colors) {
    ConflictTable table = new ConflictTable(report, colors);
    table.title();
    table.pairs();
    table.tasks();
    table.sum();
    table.groups("By role", report.roles());
    table.groups("By layer", report.layers());
    table.worst();
    table.theory();
    table.texts();
    table.skipped();
    return table.text.toString();
  }

  private void heading(String sequence, String heading) {
    text.append('\n').append(colors ? sequence + heading + PLAIN : heading).append('\n');
  }

  private void title() {
    text.append(
        "base %s: %s\n"
            .formatted(Terminal.printable(report.base()), Terminal.printable(report.modelType())));
    for (int t = 0; t < report.tasks().size(); t++) {
      ConflictReport.Task task = report.tasks().get(t);
      text.append(
          "[%d] %s%s\n"
              .formatted(
                  t + 1,
                  Terminal.printable(task.id()),
                  task.weight() == 1 ? "" : ", weight " + TextTable.number(task.weight())));
    }
    text.append(
        "%d tensors, %d elements\n".formatted(report.model().tensors(), report.model().elements()));
  }

  /** One number of a group with its chance level, if it was measured. */
  private static Optional<MeasureValue> value(
      List<MeasureValue> values, String key, int first, int second) {
    return values.stream()
        .filter(value ->
            value.measure().key().equals(key)
                && value.first().orElse(-1) == first
                && value.second().orElse(-1) == second)
        .findFirst();
  }

  private static String cell(Optional<MeasureValue> value) {
    return TextTable.number(value.map(MeasureValue::value).orElse(Double.NaN));
  }

  private static String chance(Optional<MeasureValue> value) {
    return TextTable.number(
        value.map(MeasureValue::chance).orElse(OptionalDouble.empty()).orElse(Double.NaN));
  }

  /** A share and its chance level as {@code 0.31 (0.06)}. */
  private static String beside(Optional<MeasureValue> value) {
    return value.isEmpty() ? "" : cell(value) + " (" + chance(value) + ")";
  }

  private List<MeasureValue> model() {
    return report.model().values();
  }

  private void pairs() {
    List<String> headings = new ArrayList<>(List.of("cosine", "signs", "top"));
    boolean spectra = report.theory().isPresent();
    if (spectra) {
      headings.addAll(List.of("inputs", "outputs", "response", "reverse"));
    }
    TextTable table = TextTable.withWords("pair", headings);
    int tasks = report.tasks().size();
    for (int i = 0; i < tasks; i++) {
      for (int j = i + 1; j < tasks; j++) {
        List<String> cells = new ArrayList<>();
        cells.add("[%d] [%d]".formatted(i + 1, j + 1));
        cells.add(beside(value(model(), "cosine", i, j)));
        cells.add(cell(value(model(), "signConflict", i, j)));
        cells.add(cell(value(model(), "signConflictLargest", i, j)));
        if (spectra) {
          cells.add(beside(value(model(), "inputOverlap", i, j)));
          cells.add(beside(value(model(), "outputOverlap", i, j)));
          cells.add(beside(value(model(), "crossResponse", j, i)));
          cells.add(beside(value(model(), "crossResponse", i, j)));
        }
        table.add(cells);
      }
    }
    heading(BOLD, "Pairs, whole model (in brackets the level of chance)");
    text.append(table.render());
    text.append("signs: share in conflict, chance 0.5; top: the same of the largest changes\n");
    if (spectra) {
      text.append("inputs, outputs: overlap of the leading directions that are read and written\n");
      text.append("response: how the first's update answers to the second's inputs\n");
    }
  }

  private void tasks() {
    List<String> headings = new ArrayList<>(List.of("relative size", "noise"));
    boolean spectra = report.theory().isPresent();
    if (spectra) {
      headings.addAll(List.of("effective rank", "alignment", "in base's top", "rest", "damage"));
    }
    TextTable table = TextTable.withWords("model", headings);
    for (int t = 0; t < report.tasks().size(); t++) {
      List<String> cells = new ArrayList<>();
      cells.add("[" + (t + 1) + "]");
      cells.add(cell(value(model(), "relativeSize", t, -1)));
      cells.add(cell(value(model(), "storageNoise", t, -1)));
      if (spectra) {
        cells.add(cell(value(model(), "effectiveRank", t, -1)));
        cells.add(beside(value(model(), "subspaceAlignment", t, -1)));
        cells.add(beside(value(model(), "baseLeadingEnergy", t, -1)));
        cells.add(cell(value(model(), "baseRemainingEnergy", t, -1)));
        cells.add(beside(value(model(), "wudiResidual", t, -1)));
      }
      table.add(cells);
    }
    heading(BOLD, "Task vectors, whole model");
    text.append(table.render());
    if (spectra) {
      fits();
    }
    for (int t = 0; t < report.tasks().size(); t++) {
      if (value(model(), "storageNoise", t, -1).filter(v -> v.value() > NOISY).isPresent()) {
        text.append(
            "[%d] may owe much to the rounding of stored weights: ranks count it, cosines lose by it\n"
                .formatted(t + 1));
      }
    }
  }

  /** How the tuned models stand to their base, and to the sum, direction by direction. */
  private void fits() {
    Map<String, String> measures = new LinkedHashMap<>();
    measures.put("inputIntruders", "input intruders");
    measures.put("outputIntruders", "output intruders");
    measures.put("directionInterference", "interference");
    measures.put("normDrift", "norm drift");
    measures.put("normSpreadDrift", "spread drift");
    measures.put("balanceDrift", "balance drift");
    // families without a definition have neither roles nor heads
    measures
        .keySet()
        .removeIf(key -> model().stream().noneMatch(value -> value.measure().key().equals(key)));
    TextTable table = TextTable.withWords("model", List.copyOf(measures.values()));
    for (int t = 0; t < report.tasks().size(); t++) {
      List<String> cells = new ArrayList<>(List.of("[" + (t + 1) + "]"));
      for (String key : measures.keySet()) {
        cells.add(cell(value(model(), key, t, -1)));
      }
      table.add(cells);
    }
    text.append('\n').append(table.render());
    text.append("intruders: of 10 leading directions of a tuned matrix, new to the base\n");
    text.append("interference: what the sum changes along a task's own directions, 0 none\n");
  }

  private void sum() {
    heading(BOLD, "Their sum, whole model");
    int tasks = report.tasks().size();
    line("energyRatio", "1 if orthogonal, %d if identical, below 1 if opposed".formatted(tasks));
    line(
        "spectralOverAccumulation",
        "1 if no direction is shared, %d if the leading ones coincide".formatted(tasks));
    line("singularTaskInterference", "0 if no singular vectors are shared");
    line("overCount", "share of energy that the sum holds more than once");
    line("nuclearLoss", "0 if spaces are orthogonal or updates copies, 1 if they cancel");
    line("normDriftOfSum", "0 if weights keep their length");
    line("normSpreadDriftOfSum", "0 if norms stay as equal as the base's");
    line("balanceDriftOfSum", "0 if factors stay as balanced as the base's");
    line("rankInflation", "1 if disjoint, %s if the same".formatted(TextTable.number(1.0 / tasks)));
  }

  private void line(String key, String reading) {
    value(model(), key, -1, -1)
        .ifPresent(value ->
            text.append(
                "%-29s %s%s  %s\n"
                    .formatted(
                        value.measure().title(),
                        TextTable.number(value.value()),
                        value.chance().isPresent() && !key.equals("energyRatio")
                            ? " (" + TextTable.number(value.chance().getAsDouble()) + ")"
                            : "",
                        reading)));
  }

  /** Means over pairs and tasks, weighted equally: who wants more takes JSON. */
  private void groups(String heading, List<GroupConflicts> groups) {
    TextTable table =
        TextTable.withWords(
            groups.stream().anyMatch(group -> group.role().isPresent()) ? "role" : "layer",
            List.of(
                "relative size",
                "cosine",
                "signs",
                "energy ratio",
                "over-acc.",
                "input overlap",
                "damage"));
    for (GroupConflicts group : groups) {
      table.add(
          List.of(
              group
                  .role()
                  .map(Enum::name)
                  .orElseGet(() ->
                      (group.stack().isEmpty() ? "" : Terminal.printable(group.stack()) + " ")
                          + group.layer().orElse(-1)),
              mean(group.values(), "relativeSize", MeasureValue::value),
              mean(group.values(), "cosine", MeasureValue::value),
              mean(group.values(), "signConflict", MeasureValue::value),
              mean(group.values(), "energyRatio", MeasureValue::value),
              mean(group.values(), "spectralOverAccumulation", MeasureValue::value),
              besideMean(group.values(), "inputOverlap"),
              besideMean(group.values(), "wudiResidual")));
    }
    if (!table.isEmpty()) {
      heading(BOLD, heading + ", means over models and pairs");
      text.append(table.render());
    }
  }

  private static String besideMean(List<MeasureValue> values, String key) {
    String mean = mean(values, key, MeasureValue::value);
    return mean.isEmpty()
        ? ""
        : mean + " (" + mean(values, key, value -> value.chance().orElse(Double.NaN)) + ")";
  }

  private static String mean(
      List<MeasureValue> values,
      String key,
      java.util.function.ToDoubleFunction<MeasureValue> number) {
    return TextTable.number(
        values.stream()
            .filter(value -> value.measure().key().equals(key))
            .mapToDouble(number)
            .average()
            .orElse(Double.NaN));
  }

  private void worst() {
    Predicate<MeasureValue> damage = value -> value.measure().key().equals("wudiResidual");
    record Entry(TensorConflicts tensor, MeasureValue value) {}
    List<Entry> entries =
        report.tensors().stream()
            .flatMap(tensor ->
                tensor.values().stream().filter(damage).map(value -> new Entry(tensor, value)))
            .sorted(Comparator.comparingDouble((Entry entry) -> -entry.value().value()))
            .limit(NAMED)
            .toList();
    if (entries.isEmpty()) {
      return;
    }
    TextTable table = TextTable.withWords("tensor", List.of("model", "damage", "chance"));
    for (Entry entry : entries) {
      table.add(
          List.of(
              TextTable.name(entry.tensor().tensor())
                  + (entry.tensor().layer() < 0 ? "" : " (" + entry.tensor().role() + ")"),
              "[" + (entry.value().first().orElse(0) + 1) + "]",
              TextTable.number(entry.value().value()),
              chance(Optional.of(entry.value()))));
    }
    heading(BOLD, "Largest predicted damage");
    text.append(table.render());
  }

  private void theory() {
    if (report.theory().isEmpty()) {
      text.append("\nSubspaces and predicted damage need --metrics all.\n");
      return;
    }
    SumForecast theory = report.theory().get();
    heading(BOLD, "What the theory says of the sum");
    wrap(SumForecast.STATEMENT);
    for (SumForecast.PairReading pair : theory.pairs()) {
      text.append(
          "input spaces of [%d] and [%d]: aligned %s, chance %s (0 orthogonal, 1 the same)%s\n"
              .formatted(
                  pair.first() + 1,
                  pair.second() + 1,
                  cell(Optional.of(pair.inputAlignment())),
                  chance(Optional.of(pair.inputAlignment())),
                  most(pair.worst())));
    }
    for (SumForecast.TaskReading task : theory.tasks()) {
      text.append(
          "predicted damage to [%d]: %s, chance %s (0 none, 1 as large as the update)%s\n"
              .formatted(
                  task.task() + 1,
                  cell(Optional.of(task.damage())),
                  chance(Optional.of(task.damage())),
                  most(task.worst())));
    }
  }

  private void texts() {
    if (report.texts().isEmpty()) {
      return;
    }
    heading(BOLD, "On texts (in brackets the level of chance)");
    for (int i = 0; i < report.texts().size(); i++) {
      ConflictReport.SampledText sampled = report.texts().get(i);
      text.append(
          "[%d] on %s: %d tokens in %d sequences, %d predictions\n"
              .formatted(
                  i + 1,
                  Terminal.printable(sampled.name()),
                  sampled.tokens(),
                  sampled.sequences(),
                  sampled.predictions()));
    }
    pairsOnTexts();
    tasksOnTexts();
    layersOnTexts();
    text.append("changed: distance of outputs with and without the other, 0 none, 1 all\n");
    text.append("CKA: states of the model and of the sum; beside it the model and the base\n");
    text.append("overlap of inputs: 0 orthogonal, as theory assumes, 1 the same\n");
  }

  private void pairsOnTexts() {
    TextTable table =
        TextTable.withWords(
            "pair",
            List.of(
                "disentanglement error",
                "changed",
                "reverse",
                "divergence",
                "reverse",
                "overlap of inputs"));
    for (int i = 0; i < report.tasks().size(); i++) {
      for (int j = i + 1; j < report.tasks().size(); j++) {
        table.add(
            List.of(
                "[%d] [%d]".formatted(i + 1, j + 1),
                cell(value(model(), "disentanglementError", i, j)),
                cell(value(model(), "outputChange", i, j)),
                cell(value(model(), "outputChange", j, i)),
                cell(value(model(), "outputDivergence", i, j)),
                cell(value(model(), "outputDivergence", j, i)),
                beside(value(model(), "inputGramOverlap", i, j))));
      }
    }
    text.append('\n').append(table.render());
  }

  private void tasksOnTexts() {
    TextTable table =
        TextTable.withWords(
            "model",
            List.of("changed by sum", "divergence", "CKA", "base's CKA", "bias", "variance"));
    for (int t = 0; t < report.tasks().size(); t++) {
      table.add(
          List.of(
              "[" + (t + 1) + "]",
              cell(value(model(), "sumOutputChange", t, -1)),
              cell(value(model(), "sumOutputDivergence", t, -1)),
              beside(value(model(), "cka", t, -1)),
              cell(value(model(), "baseCka", t, -1)),
              cell(value(model(), "representationBias", t, -1)),
              cell(value(model(), "varianceRatio", t, -1))));
    }
    text.append('\n').append(table.render());
  }

  private void layersOnTexts() {
    TextTable table =
        TextTable.withWords(
            "layer", List.of("CKA", "base's CKA", "bias", "variance", "overlap of inputs"));
    for (GroupConflicts group : report.layers()) {
      table.add(
          List.of(
              "" + group.layer().orElse(-1),
              besideMean(group.values(), "cka"),
              mean(group.values(), "baseCka", MeasureValue::value),
              mean(group.values(), "representationBias", MeasureValue::value),
              mean(group.values(), "varianceRatio", MeasureValue::value),
              besideMean(group.values(), "inputGramOverlap")));
    }
    text.append("\nBy layer, means over models and pairs\n").append(table.render());
  }

  private static String most(Optional<SumForecast.Worst> worst) {
    return worst
        .map(place ->
            "\n    most in %s: %s"
                .formatted(TextTable.name(place.tensor()), TextTable.number(place.value())))
        .orElse("");
  }

  private void wrap(String words) {
    int column = 0;
    for (String word : words.split(" ")) {
      if (column > 0 && column + 1 + word.length() > WIDTH) {
        text.append('\n');
        column = 0;
      }
      text.append(column == 0 ? "" : " ").append(word);
      column += (column == 0 ? 0 : 1) + word.length();
    }
    text.append('\n');
  }

  private void skipped() {
    List<Skipped> all = report.skipped();
    List<TensorConflicts> unchanged =
        report.tensors().stream().filter(ConflictTable::unchanged).toList();
    if (!unchanged.isEmpty()) {
      text.append("\n%d tensors that no model changed\n".formatted(unchanged.size()));
    }
    if (all.isEmpty()) {
      return;
    }
    heading(YELLOW, "Skipped: " + all.size());
    IntStream.range(0, Math.min(NAMED, all.size()))
        .mapToObj(all::get)
        .forEach(entry ->
            text.append(
                "  %s: %s\n"
                    .formatted(
                        Terminal.printable(entry.tensor()), Terminal.printable(entry.reason()))));
    if (all.size() > NAMED) {
      text.append(
          String.format(
              Locale.ROOT, "  and %d more; --format json lists all\n", all.size() - NAMED));
    }
  }

  /** Neither a size against the base, which zeros do not have, nor an energy. */
  private static boolean unchanged(TensorConflicts tensor) {
    return tensor.values().stream()
        .noneMatch(value ->
            value.measure().key().equals("energyRatio")
                || (value.measure().key().equals("relativeSize") && value.value() != 0));
  }
}
