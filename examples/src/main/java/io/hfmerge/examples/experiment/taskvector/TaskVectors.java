package io.hfmerge.examples.experiment.taskvector;

import io.hfmerge.examples.experiment.Claim;
import io.hfmerge.examples.experiment.Experiment;
import io.hfmerge.examples.experiment.Figure;
import io.hfmerge.examples.experiment.Lab;
import io.hfmerge.examples.experiment.Measurements;
import io.hfmerge.examples.experiment.Numbers;
import io.hfmerge.examples.experiment.Outcome;
import io.hfmerge.examples.experiment.taskvector.TaskBench.Variant;
import java.io.IOException;
import java.util.List;

/**
 * Whether fine-tuned models can be added up: all-MiniLM-L6-v2, fine-tuned with AdamW on classes of
 * WordNet's definitions, one model per task, each with a head of its own that is not merged; base,
 * fine-tunes and sums by the merge engine are measured on held-out definitions of every task.
 *
 * <p>The fine-tunes stay in {@code models} among the results, as Hugging Face folders that {@code
 * hfmerge conflicts} and {@code hfmerge merge} read.
 *
 * <p>Decay is λ = 1, a hundred times what is usual, because the fine-tunes are short: it takes η λ
 * per step from every matrix, about 1 % in all.
 */
public final class TaskVectors implements Experiment {

  static final double DECAY = 1;

  private static final List<Variant> VARIANTS = List.of(new Variant(DECAY), new Variant(0));

  @Override
  public String name() {
    return "task-vectors";
  }

  @Override
  public String summary() {
    return "Summed fine-tunes of a pretrained BERT keep their tasks (P1, on WordNet's definitions).";
  }

  @Override
  public Claim claim() {
    return new Claim(
        "arXiv:2502.17340, section 5, on a real model; arXiv:2212.04089 for the set-up",
        "The sum of the task vectors of models fine-tuned with weight decay on different tasks"
            + " does each of the tasks about as well as its own model; less so without decay; task"
            + " vectors have lower stable rank with decay; overlap of their input spaces predicts"
            + " the damage.",
        TaskVerdict.RULE,
        TaskVerdict.COUNTER);
  }

  @Override
  public Outcome run(Lab lab) throws IOException {
    Scale scale = lab.isTry() ? Scale.TRY : lab.settings().quick() ? Scale.QUICK : Scale.FULL;
    int repeats = lab.repeats(1, 1);
    Lab.Cells cells = new Lab.Cells();
    List<GlossTask> tasks = List.of();
    for (int repeat = 0; repeat < repeats; repeat++) {
      TaskBench bench = new TaskBench(lab, scale, repeat);
      tasks = bench.tasks();
      for (Variant variant : VARIANTS) {
        add(cells, scale, bench, variant, ", repeat " + repeat);
      }
    }
    notes(lab, scale, tasks, repeats);
    Measurements measured = lab.run(cells);
    TaskVerdict verdict = new TaskVerdict(tasks, VARIANTS, repeats, measured);
    lab.derive(verdict::derive);
    verdict.table().forEach(lab::row);
    return new Outcome(
        verdict.findings(),
        List.of(
            new Figure(
                TaskBench.ACCURACY,
                "Held-out accuracy of sums",
                "factor λ",
                "accuracy",
                false,
                false),
            new Figure(
                TaskVerdict.NORMALISED,
                "Accuracy of sums by that of the fine-tunes",
                "factor λ",
                "normalised accuracy",
                false,
                false),
            new Figure(
                TaskBench.STABLE_RANK,
                "Stable ranks of task vectors",
                "matrix",
                "‖τ‖_F/‖τ‖₂",
                false,
                false),
            new Figure(
                TaskVerdict.DAMAGE,
                "Damage of the plain sum",
                "predicted damage",
                "loss of accuracy",
                false,
                false),
            new Figure(FineTuning.LOSS, "Fine-tuning", "step", "loss", false, false)));
  }

  private static void add(
      Lab.Cells cells, Scale scale, TaskBench bench, Variant variant, String repeat) {
    for (GlossTask task : bench.tasks()) {
      cells.add(
          "fine-tune " + TaskBench.group(variant, task) + repeat,
          cell -> bench.fineTune(cell, variant, task));
    }
    String where = ", " + variant.label() + repeat;
    cells.add("single models" + where, cell -> bench.single(cell, variant));
    cells.add("task vectors" + where, cell -> bench.look(cell, variant));
    for (double factor : scale.factors()) {
      cells.add(
          "sum, factor " + Numbers.exact(factor) + where,
          cell -> bench.merge(cell, variant, MergeKind.SUM, factor));
    }
    for (MergeKind kind : List.of(MergeKind.AVERAGE, MergeKind.TIES, MergeKind.DARE)) {
      cells.add(kind.label() + where, cell -> bench.merge(cell, variant, kind, 1));
    }
  }

  private static void notes(Lab lab, Scale scale, List<GlossTask> tasks, int repeats) {
    for (GlossTask task : tasks) {
      lab.note(
          "Task %s: %s; %d definitions to learn from, %d held out, of at most %d tokens; chance is %s."
              .formatted(
                  task.name(),
                  task.fields().stream()
                      .map(field ->
                          field.name().toLowerCase(java.util.Locale.ROOT).replace('_', '.'))
                      .toList(),
                  task.train().size(),
                  task.test().size(),
                  scale.limit(),
                  Numbers.brief(1.0 / task.classes())));
    }
    lab.note(
        "AdamW, %d steps of %d definitions, η up to %s, weight decay 1 or 0; layers from %d on are trained, embeddings are not."
            .formatted(
                scale.steps(tasks.getFirst().classes()),
                scale.batch(),
                Numbers.exact(scale.rate()),
                scale.firstLayer()));
    lab.note(
        "What dare_linear drops depends on seed and paths of the models, so on --out and the folder"
            + " that it is relative to.");
    lab.note(
        repeats == 1
            ? "One training run of each: the errors below are those of a share of %d definitions, and say nothing of how runs with other seeds differ."
                .formatted(tasks.getFirst().test().size())
            : "%d repeats, each with definitions and order of batches of its own; ± is the standard deviation over repeats."
                .formatted(repeats));
  }
}
