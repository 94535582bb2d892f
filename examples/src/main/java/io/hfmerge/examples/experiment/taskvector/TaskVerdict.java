package io.hfmerge.examples.experiment.taskvector;

import io.hfmerge.examples.experiment.Cell;
import io.hfmerge.examples.experiment.Finding;
import io.hfmerge.examples.experiment.Measurement;
import io.hfmerge.examples.experiment.Measurements;
import io.hfmerge.examples.experiment.Numbers;
import io.hfmerge.examples.experiment.Statistics;
import io.hfmerge.examples.experiment.taskvector.TaskBench.Variant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;

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
          + " more with decay than without, by more than one standard error of the difference"
          + " (that of the shares of held-out definitions or, with repeats, that of the paired"
          + " differences of repeats, whichever is larger); mean stable ranks of the task vectors are lower with decay; over tasks and decays,"
          + " predicted and measured damage (means over repeats) have a rank correlation of 0.8 or"
          + " more.";

  static final String COUNTER =
      "Fine-tunes that learn nothing, a plain sum that loses more than a twentieth of their"
          + " accuracy, or as much with decay as without, or damage where none was predicted.";

  private final List<GlossTask> tasks;
  private final List<Variant> variants;
  private final int repeats;
  private final Measurements measured;

  /**
   * @param tasks of any repeat: names and numbers of definitions are the same in all
   * @param variants with decay, then without
   */
  TaskVerdict(List<GlossTask> tasks, List<Variant> variants, int repeats, Measurements measured) {
    this.tasks = tasks;
    this.variants = variants;
    this.repeats = repeats;
    this.measured = measured;
  }

  /** Records what follows from other measurements. */
  void derive(Cell cell) {
    for (Variant variant : variants) {
      String any = TaskBench.group(variant, tasks.getFirst());
      for (double factor : measured.places(TaskBench.ACCURACY, any)) {
        List<Double> values = normalised(variant, task -> sum(variant, task, factor));
        for (int repeat = 0; repeat < repeats; repeat++) {
          cell.record(NORMALISED, variant.label(), factor, repeat, values.get(repeat));
        }
      }
      for (GlossTask task : tasks) {
        List<Double> predicted = predicted(variant, task);
        List<Double> damage = damage(variant, task);
        for (int repeat = 0; repeat < predicted.size(); repeat++) {
          cell.record(DAMAGE, variant.label(), predicted.get(repeat), repeat, damage.get(repeat));
        }
      }
    }
  }

  List<Finding> findings() {
    Variant with = variants.getFirst();
    Variant without = variants.getLast();
    List<Finding> findings = new ArrayList<>();
    Statistics tuned = Statistics.of(mean(task -> tuned(with, task)));
    Statistics base = Statistics.of(mean(task -> base(with, task)));
    findings.add(
        new Finding(
            "fine-tunes learn",
            tuned.mean() > base.mean(),
            "mean accuracy %s, base with the same heads %s".formatted(tuned.text(), base.text())));
    List<Double> sums = normalised(with, task -> sum(with, task, 1));
    Statistics sum = Statistics.of(sums);
    findings.add(
        new Finding(
            "the plain sum keeps the tasks, with decay",
            sum.mean() >= KEPT,
            "normalised accuracy " + sum.text()));
    Statistics average =
        Statistics.of(normalised(with, task -> method(with, MergeKind.AVERAGE, task)));
    findings.add(
        new Finding(
            "the plain sum keeps as much as averaging",
            sum.mean() >= average.mean(),
            "sum %s, average %s".formatted(sum.text(), average.text())));
    List<Double> sumsWithout = normalised(without, task -> sum(without, task, 1));
    Statistics sumWithout = Statistics.of(sumsWithout);
    double error = error(difference(sums, sumsWithout), with, without);
    findings.add(
        new Finding(
            "the plain sum keeps more with decay than without",
            sum.mean() - sumWithout.mean() > error,
            "normalised accuracy %s with, %s without, standard error of the difference %s"
                .formatted(sum.text(), sumWithout.text(), Numbers.brief(error))));
    Statistics rank = stableRank(with);
    Statistics rankWithout = stableRank(without);
    findings.add(
        new Finding(
            "stable ranks of task vectors are lower with decay",
            rank.mean() < rankWithout.mean(),
            "mean %s with, %s without".formatted(rank.text(), rankWithout.text())));
    findings.add(forecast(tuned.mean()));
    return findings;
  }

  private Finding forecast(double accuracy) {
    List<Double> predicted = new ArrayList<>();
    List<Double> damage = new ArrayList<>();
    for (Variant variant : variants) {
      for (GlossTask task : tasks) {
        predicted.add(Statistics.of(predicted(variant, task)).mean());
        damage.add(Statistics.of(damage(variant, task)).mean());
      }
    }
    double correlation = Statistics.rankCorrelation(predicted, damage);
    return new Finding(
        "the forecast orders the damage",
        correlation >= ORDERED,
        "rank correlation %s over %d tasks of sums; damages %s, standard error of an accuracy %s"
            .formatted(
                Numbers.brief(correlation),
                predicted.size(),
                damage.stream().map(Numbers::brief).toList(),
                Numbers.brief(Math.sqrt(accuracy * (1 - accuracy) / heldOut()))));
  }

  /** The main numbers: heads of columns, then a row per model and variant. */
  List<List<String>> table() {
    List<List<String>> rows = new ArrayList<>();
    List<String> heads = new ArrayList<>(List.of("decay", "held-out accuracy of"));
    tasks.forEach(task -> heads.add("on " + task.name()));
    heads.add("normalised");
    rows.add(heads);
    for (Variant variant : variants) {
      rows.add(row(variant, "base", task -> base(variant, task), true));
      for (GlossTask model : tasks) {
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
      Variant variant, String what, Function<GlossTask, List<Double>> value, boolean normalised) {
    List<String> cells = new ArrayList<>(List.of(Numbers.exact(variant.decay()), what));
    for (GlossTask task : tasks) {
      cells.add(Statistics.of(value.apply(task)).text());
    }
    cells.add(normalised ? Statistics.of(normalised(variant, value)).text() : "");
    return cells;
  }

  /** Factors of the sums that were measured, without 0. */
  private List<Double> factors(Variant variant) {
    return measured.places(TaskBench.ACCURACY, TaskBench.group(variant, tasks.getFirst())).stream()
        .filter(factor -> factor != 0)
        .toList();
  }

  /** Accuracies over those of the fine-tunes, mean over tasks, by repeat. */
  private List<Double> normalised(Variant variant, Function<GlossTask, List<Double>> accuracy) {
    return mean(task -> {
      List<Double> values = accuracy.apply(task);
      List<Double> tuned = tuned(variant, task);
      return IntStream.range(0, repeats).mapToObj(r -> values.get(r) / tuned.get(r)).toList();
    });
  }

  /** Mean over tasks, by repeat. */
  private List<Double> mean(Function<GlossTask, List<Double>> value) {
    List<List<Double>> byTask = tasks.stream().map(value).toList();
    return IntStream.range(0, repeats)
        .mapToObj(
            r -> byTask.stream().mapToDouble(values -> values.get(r)).average().orElse(Double.NaN))
        .toList();
  }

  private static List<Double> difference(List<Double> a, List<Double> b) {
    return IntStream.range(0, a.size()).mapToObj(i -> a.get(i) - b.get(i)).toList();
  }

  /** Standard error of the mean of differences of normalised accuracy. */
  private double error(List<Double> differences, Variant with, Variant without) {
    double shares = Math.hypot(shareError(with), shareError(without));
    double spread = Statistics.of(differences).deviation() / Math.sqrt(repeats);
    return Math.max(shares, spread);
  }

  /** Standard error of the sum's normalised accuracy, from the shares of held-out definitions. */
  private double shareError(Variant variant) {
    double variance = 0;
    for (GlossTask task : tasks) {
      double p = Statistics.of(sum(variant, task, 1)).mean();
      double q = Statistics.of(tuned(variant, task)).mean();
      double relative = (1 - p) / Math.max(p, 1e-9) + (1 - q) / Math.max(q, 1e-9);
      variance += Math.pow(p / q, 2) * relative / heldOut();
    }
    return Math.sqrt(variance) / tasks.size();
  }

  /** Held-out definitions of a task, in all repeats. */
  private int heldOut() {
    return tasks.getFirst().test().size() * repeats;
  }

  private List<Double> sum(Variant variant, GlossTask task, double factor) {
    return measured.values(TaskBench.ACCURACY, TaskBench.group(variant, task), factor);
  }

  private List<Double> method(Variant variant, MergeKind kind, GlossTask task) {
    return measured.values(TaskBench.METHOD, TaskBench.group(variant, kind.label(), task), 1);
  }

  private List<Double> single(Variant variant, String model, GlossTask task) {
    return measured.values(TaskBench.SINGLE, TaskBench.group(variant, model, task), 0);
  }

  private List<Double> base(Variant variant, GlossTask task) {
    return single(variant, "base", task);
  }

  private List<Double> tuned(Variant variant, GlossTask task) {
    return single(variant, task.name(), task);
  }

  /** Accuracy that the plain sum loses. */
  private List<Double> damage(Variant variant, GlossTask task) {
    return difference(tuned(variant, task), sum(variant, task, 1));
  }

  private List<Double> predicted(Variant variant, GlossTask task) {
    return measured.values(TaskBench.PREDICTED, TaskBench.group(variant, task), 1);
  }

  private Statistics stableRank(Variant variant) {
    return Statistics.of(mean(task -> stableRank(variant, task)));
  }

  /** Mean over the matrices that were trained, by repeat. */
  private List<Double> stableRank(Variant variant, GlossTask task) {
    String group = TaskBench.group(variant, task);
    return IntStream.range(0, repeats)
        .mapToObj(repeat ->
            measured.path(TaskBench.STABLE_RANK, group, repeat).stream()
                .mapToDouble(Measurement::value)
                .average()
                .orElse(Double.NaN))
        .toList();
  }
}
