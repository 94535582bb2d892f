package io.hfmerge.cli.output;

import com.github.freva.asciitable.AsciiTable;
import com.github.freva.asciitable.Column;
import com.github.freva.asciitable.HorizontalAlign;
import io.hfmerge.hf.djl.eval.Bootstrap;
import io.hfmerge.hf.djl.eval.Bootstrap.Interval;
import io.hfmerge.hf.djl.eval.Evaluation;
import io.hfmerge.hf.djl.eval.Metric;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Evaluations of several models, each compared with the first; for people and for programs. */
public final class EvaluationTable {

  private final List<String> models;
  private final List<Evaluation> evaluations;
  private final Bootstrap bootstrap;

  /**
   * @param models how they are called
   * @param evaluations one a model
   */
  public EvaluationTable(List<String> models, List<Evaluation> evaluations, Bootstrap bootstrap) {
    this.models = List.copyOf(models);
    this.evaluations = List.copyOf(evaluations);
    this.bootstrap = bootstrap;
  }

  /** A number of one model. */
  private record Line(
      String model,
      Metric metric,
      double value,
      Optional<Interval> interval,
      Optional<Double> difference,
      Optional<Interval> differenceInterval) {}

  private List<Line> lines(int index) {
    Evaluation first = evaluations.getFirst();
    Evaluation own = evaluations.get(index);
    boolean compared = index > 0 && own.comparableWith(first);
    List<Line> lines = new ArrayList<>();
    for (int i = 0; i < own.metrics().size(); i++) {
      Metric metric = own.metrics().get(i);
      double value = metric.value();
      Optional<Metric> other = Optional.of(i).filter(at -> compared).map(first.metrics()::get);
      lines.add(
          new Line(
              models.get(index),
              metric,
              value,
              bootstrap.of(metric),
              other.map(base -> value - base.value()),
              other.flatMap(base -> bootstrap.ofDifference(base, metric))));
    }
    return lines;
  }

  /** What kept a model from being compared, and what the evaluations say. */
  private List<String> notes(int index) {
    List<String> notes = new ArrayList<>(evaluations.get(index).notes());
    Evaluation first = evaluations.getFirst();
    Evaluation own = evaluations.get(index);
    if (!own.comparableWith(first)) {
      notes.add(
          own.task().equals(first.task())
              ? "not compared with the first: other tokens or examples"
              : "not compared with the first, which was measured as " + first.task());
    }
    return notes;
  }

  /** A table and notes, for people. */
  public String render() {
    List<String[]> rows = new ArrayList<>();
    StringBuilder notes = new StringBuilder();
    for (int i = 0; i < models.size(); i++) {
      String name = models.get(i);
      for (Line line : lines(i)) {
        rows.add(
            new String[] {
              Terminal.printable(name),
              line.metric().name(),
              number(line.value()),
              line.interval().map(EvaluationTable::range).orElse("-"),
              line.difference().map(EvaluationTable::signed).orElse("-"),
              line.differenceInterval().map(EvaluationTable::range).orElse("-")
            });
      }
      for (String note : notes(i)) {
        notes.append(Terminal.printable(name + ": " + note)).append('\n');
      }
    }
    String share = percent() + " interval";
    List<Column> columns =
        List.of(
            column("model", HorizontalAlign.LEFT),
            column("metric", HorizontalAlign.LEFT),
            column("value", HorizontalAlign.RIGHT),
            column(share, HorizontalAlign.CENTER),
            column("difference", HorizontalAlign.RIGHT),
            column(share, HorizontalAlign.CENTER));
    StringBuilder text = new StringBuilder();
    evaluations
        .getFirst()
        .facts()
        .forEach((fact, value) ->
            text.append(text.isEmpty() ? "" : ", ").append(fact).append(' ').append(value));
    text.insert(0, evaluations.getFirst().task() + ": ").append('\n');
    text.append(
        AsciiTable.getTable(
            AsciiTable.NO_BORDERS, columns.toArray(Column[]::new), rows.toArray(String[][]::new)));
    return text.append('\n').append(notes).toString();
  }

  private String percent() {
    // decimal, so that 0.95 does not become 95.00000000000001
    return BigDecimal.valueOf(bootstrap.confidence())
            .movePointRight(2)
            .stripTrailingZeros()
            .toPlainString()
        + "%";
  }

  private static Column column(String name, HorizontalAlign align) {
    return new Column()
        .header(name)
        .headerAlign(align)
        .dataAlign(align)
        .maxWidth(Integer.MAX_VALUE);
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.5g", value);
  }

  private static String signed(double value) {
    return String.format(Locale.ROOT, "%+.4g", value);
  }

  private static String range(Interval interval) {
    return number(interval.low()) + " to " + number(interval.high());
  }

  /** For programs. */
  public Map<String, Object> json() {
    List<Object> list = new ArrayList<>();
    for (int i = 0; i < models.size(); i++) {
      Evaluation evaluation = evaluations.get(i);
      Map<String, Object> model = new LinkedHashMap<>();
      model.put("model", models.get(i));
      model.put("task", evaluation.task());
      model.putAll(evaluation.facts());
      List<Object> metrics = new ArrayList<>();
      for (Line line : lines(i)) {
        Map<String, Object> metric = new LinkedHashMap<>();
        metric.put("name", line.metric().name());
        metric.put("lowerIsBetter", line.metric().lowerIsBetter());
        metric.put("units", line.metric().units());
        metric.put("value", line.value());
        line.interval().ifPresent(interval -> metric.put("interval", ends(interval)));
        line.difference().ifPresent(difference -> metric.put("difference", difference));
        line.differenceInterval()
            .ifPresent(interval -> metric.put("differenceInterval", ends(interval)));
        metrics.add(metric);
      }
      model.put("metrics", metrics);
      model.put("notes", notes(i));
      list.add(model);
    }
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("schema", "hfmerge.eval/1");
    root.put("confidence", bootstrap.confidence());
    root.put("resamples", bootstrap.resamples());
    root.put("seed", bootstrap.seed());
    root.put("models", list);
    return root;
  }

  private static List<Double> ends(Interval interval) {
    return List.of(interval.low(), interval.high());
  }
}
