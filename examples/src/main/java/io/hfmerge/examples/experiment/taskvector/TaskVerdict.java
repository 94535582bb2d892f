package io.hfmerge.examples.experiment.taskvector;

import io.hfmerge.examples.experiment.Cell;
import io.hfmerge.examples.experiment.Finding;
import io.hfmerge.examples.experiment.Measurements;
import io.hfmerge.examples.experiment.Numbers;
import io.hfmerge.examples.experiment.Statistics;
import io.hfmerge.examples.experiment.taskvector.TaskBench.Variant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What the measurements say. Normalised accuracy is a merged model's accuracy on a task over that
 * of the task's own fine-tune, averaged over tasks.
 */
final class TaskVerdict {

  static final String NORMALISED = "normalised accuracy";
  static final String DAMAGE = "measured by predicted damage";

  /** What a sum may lose. */
  private static final double KEPT = 0.95;

  /** What chance rarely gives with four points, and less with six. */
  private static final double ORDERED = 0.8;

  static final String RULE =
      "With decay: the fine-tunes' mean held-out accuracy exceeds that of the base with the same"
          + " heads; the plain sum (λ = 1, chosen beforehand) keeps 95 % of the fine-tunes'"
          + " accuracy, and at least as much as the average of the models. The plain sum keeps"
          + " more with decay than without, by more than one standard error of the difference;"
          + " mean stable ranks of the task vectors are lower with decay; over tasks and decays,"
          + " predicted and measured damage have a rank correlation of 0.8 or more.";

  static final String COUNTER =
      "Fine-tunes that learn nothing, a plain sum that loses more than a twentieth of their"
          + " accuracy, or as much with decay as without, or damage where none was predicted.";

  private final TaskBench bench;
  private final List<Variant> variants;
  private final Measurements measured;

  /**
   * @param variants with decay, then without
   */
  TaskVerdict(TaskBench bench, List<Variant> variants, Measurements measured) {
    this.bench = bench;
    this.variants = variants;
    this.measured = measured;
  }

  /** Records what follows from other measurements. */
  void derive(Cell cell) {
    for (Variant variant : variants) {
      GlossTask any = bench.tasks().getFirst();
      for (double factor : measured.places(TaskBench.ACCURACY, TaskBench.group(variant, any))) {
        cell.record(NORMALISED, variant.label(), factor, 0, ofSum(variant, factor));
      }
      for (GlossTask task : bench.tasks()) {
        double predicted = predicted(variant, task);
        if (!Double.isNaN(predicted)) {
          cell.record(DAMAGE, variant.label(), predicted, 0, damage(variant, task));
        }
      }
    }
  }

  List<Finding> findings() {
    Variant with = variants.getFirst();
    Variant without = variants.getLast();
    List<Finding> findings = new ArrayList<>();
    double tuned = mean(task -> tuned(with, task));
    double base = mean(task -> base(with, task));
    findings.add(
        new Finding(
            "fine-tunes learn",
            tuned > base,
            "mean accuracy %s, base with the same heads %s"
                .formatted(Numbers.brief(tuned), Numbers.brief(base))));
    double sum = ofSum(with, 1);
    findings.add(
        new Finding(
            "the plain sum keeps the tasks, with decay",
            sum >= KEPT,
            "normalised accuracy " + Numbers.brief(sum)));
    double average = ofMethod(with, MergeKind.AVERAGE);
    findings.add(
        new Finding(
            "the plain sum keeps as much as averaging",
            sum >= average,
            "sum %s, average %s".formatted(Numbers.brief(sum), Numbers.brief(average))));
    double sumWithout = ofSum(without, 1);
    double error = Math.hypot(error(with), error(without));
    findings.add(
        new Finding(
            "the plain sum keeps more with decay than without",
            sum - sumWithout > error,
            "normalised accuracy %s with, %s without, standard error of the difference %s"
                .formatted(Numbers.brief(sum), Numbers.brief(sumWithout), Numbers.brief(error))));
    double rank = stableRank(with);
    double rankWithout = stableRank(without);
    findings.add(
        new Finding(
            "stable ranks of task vectors are lower with decay",
            rank < rankWithout,
            "mean %s with, %s without".formatted(Numbers.brief(rank), Numbers.brief(rankWithout))));
    List<Double> predicted = new ArrayList<>();
    List<Double> damage = new ArrayList<>();
    for (Variant variant : variants) {
      for (GlossTask task : bench.tasks()) {
        predicted.add(predicted(variant, task));
        damage.add(damage(variant, task));
      }
    }
    double correlation = Statistics.rankCorrelation(predicted, damage);
    findings.add(
        new Finding(
            "the forecast orders the damage",
            correlation >= ORDERED,
            "rank correlation %s over %d tasks of sums; damages %s, standard error of an accuracy %s"
                .formatted(
                    Numbers.brief(correlation),
                    predicted.size(),
                    damage.stream().map(Numbers::brief).toList(),
                    Numbers.brief(Math.sqrt(tuned * (1 - tuned) / bench.testCount())))));
    return findings;
  }

  /** The main numbers: heads of columns, then a row per model and variant. */
  List<List<String>> table() {
    List<List<String>> rows = new ArrayList<>();
    List<String> heads = new ArrayList<>(List.of("decay", "held-out accuracy of"));
    bench.tasks().forEach(task -> heads.add("on " + task.name()));
    heads.add("normalised");
    rows.add(heads);
    for (Variant variant : variants) {
      rows.add(row(variant, "base", task -> base(variant, task), true));
      for (GlossTask model : bench.tasks()) {
        rows.add(
            row(
                variant,
                "fine-tune on " + model.name(),
                task -> single(variant, model.name(), task),
                true));
      }
      for (double factor : factors(variant)) {
        rows.add(
            row(
                variant,
                "base + %s of each task vector".formatted(Numbers.exact(factor)),
                task -> sum(variant, task, factor),
                true));
      }
      for (MergeKind kind : List.of(MergeKind.AVERAGE, MergeKind.TIES, MergeKind.DARE)) {
        rows.add(row(variant, kind.label(), task -> method(variant, kind, task), true));
      }
      rows.add(row(variant, "*damage of the sum, measured*", task -> damage(variant, task), false));
      rows.add(
          row(variant, "*damage of the sum, predicted*", task -> predicted(variant, task), false));
      rows.add(
          row(
              variant,
              "*mean stable rank of the task vector*",
              task -> stableRank(variant, task),
              false));
    }
    return rows;
  }

  private List<String> row(
      Variant variant, String what, ToDoubleFunction<GlossTask> value, boolean normalised) {
    List<String> cells = new ArrayList<>(List.of(Numbers.exact(variant.decay()), what));
    for (GlossTask task : bench.tasks()) {
      cells.add(Numbers.brief(value.applyAsDouble(task)));
    }
    cells.add(
        normalised
            ? Numbers.brief(mean(task -> value.applyAsDouble(task) / tuned(variant, task)))
            : "");
    return cells;
  }

  /** Factors of the sums that were measured, without 0. */
  private List<Double> factors(Variant variant) {
    return measured
        .places(TaskBench.ACCURACY, TaskBench.group(variant, bench.tasks().getFirst()))
        .stream()
        .filter(factor -> factor != 0)
        .toList();
  }

  private double ofSum(Variant variant, double factor) {
    return mean(task -> sum(variant, task, factor) / tuned(variant, task));
  }

  private double ofMethod(Variant variant, MergeKind kind) {
    return mean(task -> method(variant, kind, task) / tuned(variant, task));
  }

  private double mean(ToDoubleFunction<GlossTask> value) {
    return bench.tasks().stream().mapToDouble(value).average().orElse(Double.NaN);
  }

  /** Standard error of the sum's normalised accuracy, from the shares of held-out definitions. */
  private double error(Variant variant) {
    double variance = 0;
    for (GlossTask task : bench.tasks()) {
      double p = sum(variant, task, 1);
      double q = tuned(variant, task);
      double relative = (1 - p) / Math.max(p, 1e-9) + (1 - q) / Math.max(q, 1e-9);
      variance += Math.pow(p / q, 2) * relative / bench.testCount();
    }
    return Math.sqrt(variance) / bench.tasks().size();
  }

  private double sum(Variant variant, GlossTask task, double factor) {
    return measured.at(TaskBench.ACCURACY, TaskBench.group(variant, task), factor).mean();
  }

  private double method(Variant variant, MergeKind kind, GlossTask task) {
    return measured.at(TaskBench.METHOD, TaskBench.group(variant, kind.label(), task), 1).mean();
  }

  private double single(Variant variant, String model, GlossTask task) {
    return measured.at(TaskBench.SINGLE, TaskBench.group(variant, model, task), 0).mean();
  }

  private double base(Variant variant, GlossTask task) {
    return single(variant, "base", task);
  }

  private double tuned(Variant variant, GlossTask task) {
    return single(variant, task.name(), task);
  }

  /** Accuracy that the plain sum loses. */
  private double damage(Variant variant, GlossTask task) {
    return tuned(variant, task) - sum(variant, task, 1);
  }

  private double predicted(Variant variant, GlossTask task) {
    return measured.at(TaskBench.PREDICTED, TaskBench.group(variant, task), 1).mean();
  }

  private double stableRank(Variant variant) {
    return mean(task -> stableRank(variant, task));
  }

  /** Mean over the matrices that were trained. */
  private double stableRank(Variant variant, GlossTask task) {
    return Statistics.of(measured.values(TaskBench.STABLE_RANK, TaskBench.group(variant, task)))
        .mean();
  }
}
