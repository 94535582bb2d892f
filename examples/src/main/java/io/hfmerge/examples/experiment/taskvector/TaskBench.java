package io.hfmerge.examples.experiment.taskvector;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import io.hfmerge.analysis.AnalysisSubject;
import io.hfmerge.analysis.interference.ConflictAnalyzer;
import io.hfmerge.analysis.interference.ConflictReport;
import io.hfmerge.analysis.interference.ConflictRequest;
import io.hfmerge.analysis.interference.SumForecast.TaskReading;
import io.hfmerge.examples.experiment.Cell;
import io.hfmerge.examples.experiment.Lab;
import io.hfmerge.examples.experiment.Numbers;
import io.hfmerge.examples.experiment.train.Spectra;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.djl.DjlTensors;
import io.hfmerge.progress.ProgressListener;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Tasks, their fine-tuned models on the disk, and what is measured on them. */
final class TaskBench {

  static final String BASE = "sample:all-MiniLM-L6-v2";

  static final String ACCURACY = "accuracy by factor";
  static final String SINGLE = "accuracy of single models";
  static final String METHOD = "accuracy by method";
  static final String STABLE_RANK = "stable rank of task vectors";
  static final String PREDICTED = "predicted damage";

  private final Lab lab;
  private final Scale scale;
  private final int repeat;
  private final Path models;
  private final Map<GlossTask, List<EncodedGloss>> train = new LinkedHashMap<>();
  private final Map<GlossTask, List<EncodedGloss>> test = new LinkedHashMap<>();

  /**
   * Draws the tasks of a repeat.
   *
   * @param repeat from 0; each has definitions, order of batches and folders of its own
   */
  TaskBench(Lab lab, Scale scale, int repeat) throws IOException {
    this.lab = lab;
    this.scale = scale;
    this.repeat = repeat;
    this.models = lab.folder("models").resolve("repeat-" + repeat);
    try (HfModel base = HfModels.open(BASE)) {
      for (GlossTask.Kind kind : scale.tasks()) {
        GlossTask task =
            GlossTask.draw(
                kind,
                scale.train(),
                scale.test(),
                lab.random("task-vectors glosses " + kind + " " + repeat));
        train.put(task, EncodedGloss.of(task.train(), base, scale.limit()));
        test.put(task, EncodedGloss.of(task.test(), base, scale.limit()));
      }
    }
  }

  List<GlossTask> tasks() {
    return List.copyOf(test.keySet());
  }

  static String group(Variant variant, GlossTask task) {
    return variant.label() + ", " + task.name();
  }

  static String group(Variant variant, String what, GlossTask task) {
    return variant.label() + ": " + what + " on " + task.name();
  }

  void fineTune(Cell cell, Variant variant, GlossTask task) throws IOException {
    Files.createDirectories(models.resolve(variant.folder()));
    new FineTuning(lab, scale, variant.decay(), repeat)
        .run(
            cell,
            BASE,
            examples(train, task),
            task.classes(),
            task.name(),
            group(variant, task),
            model(variant, task),
            head(variant, task));
  }

  /** Every model on every task, with the heads of the fine-tunes. */
  void single(Cell cell, Variant variant) throws IOException {
    evaluate(
        variant,
        BASE,
        (task, accuracy) -> {
          cell.record(ACCURACY, group(variant, task), 0.0, repeat, accuracy);
          cell.record(SINGLE, group(variant, "base", task), 0.0, repeat, accuracy);
        });
    for (GlossTask tuned : tasks()) {
      evaluate(
          variant,
          model(variant, tuned).toString(),
          (task, accuracy) ->
              cell.record(SINGLE, group(variant, tuned.name(), task), 0.0, repeat, accuracy));
    }
  }

  void merge(Cell cell, Variant variant, MergeKind kind, double factor) throws IOException {
    Path target = models.resolve(variant.folder()).resolve("merged");
    List<Path> parts = tasks().stream().map(task -> model(variant, task)).toList();
    kind.merge(BASE, parts, factor, lab.settings().seed() + repeat, target);
    evaluate(
        variant,
        target.toString(),
        (task, accuracy) -> {
          if (kind == MergeKind.SUM) {
            cell.record(ACCURACY, group(variant, task), factor, repeat, accuracy);
          }
          if (kind != MergeKind.SUM || factor == 1) {
            cell.record(METHOD, group(variant, kind.label(), task), factor, repeat, accuracy);
          }
        });
    delete(target);
  }

  /** Stable ranks of what the fine-tunes changed, and what P1's theory makes of their sum. */
  void look(Cell cell, Variant variant) throws IOException {
    Device cpu = Device.cpu();
    List<HfModel> opened = new ArrayList<>();
    try (HfModel base = HfModels.open(BASE);
        DjlTensors before = DjlTensors.load(base.checkpoint(), cpu)) {
      List<ConflictAnalyzer.Term> terms = new ArrayList<>();
      for (GlossTask task : tasks()) {
        HfModel tuned = HfModels.open(model(variant, task).toString());
        opened.add(tuned);
        terms.add(new ConflictAnalyzer.Term(subject(tuned), 1));
        try (DjlTensors after = DjlTensors.load(tuned.checkpoint(), cpu)) {
          stableRanks(cell, group(variant, task), before, after);
        }
      }
      ConflictReport report =
          ConflictAnalyzer.analyze(
              subject(base), terms, ConflictRequest.everything(), ProgressListener.NONE);
      if (report.theory().isPresent()) {
        for (TaskReading reading : report.theory().get().tasks()) {
          cell.record(
              PREDICTED,
              group(variant, tasks().get(reading.task())),
              1.0,
              repeat,
              reading.damage().value());
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while task vectors were compared");
    } finally {
      for (HfModel model : opened) {
        model.close();
      }
    }
  }

  private void stableRanks(Cell cell, String group, DjlTensors before, DjlTensors after) {
    int place = 0;
    for (String name : after.names()) {
      NDArray tuned = after.get(name);
      if (!name.contains("layer.") || tuned.getShape().dimension() != 2) {
        continue;
      }
      try (NDArray vector = tuned.sub(before.get(name))) {
        double[] values = Spectra.of(vector);
        if (values[0] > 0) {
          cell.record(STABLE_RANK, group, (double) place, repeat, Spectra.stableRank(values));
        }
      }
      place++;
    }
  }

  private static AnalysisSubject subject(HfModel model) {
    return new AnalysisSubject(
        model.reference(), model.location().revision(), model.checkpoint(), model.structure());
  }

  /** Hears of the accuracy on a task. */
  @FunctionalInterface
  private interface Heard {
    void accuracy(GlossTask task, double value);
  }

  private void evaluate(Variant variant, String reference, Heard heard) throws IOException {
    Device device = lab.settings().device();
    try (GlossEncoder encoder = GlossEncoder.open(reference, device)) {
      for (GlossTask task : tasks()) {
        try (Head.Stored stored = new Head.Stored(head(variant, task), device)) {
          heard.accuracy(task, encoder.accuracy(examples(test, task), stored.head()));
        }
      }
    }
  }

  private static List<EncodedGloss> examples(
      Map<GlossTask, List<EncodedGloss>> of, GlossTask task) {
    return java.util.Objects.requireNonNull(of.get(task));
  }

  private Path model(Variant variant, GlossTask task) {
    return models.resolve(variant.folder()).resolve(task.name());
  }

  private Path head(Variant variant, GlossTask task) {
    return models.resolve(variant.folder()).resolve(task.name() + "-head.safetensors");
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      files
          .sorted(Comparator.reverseOrder())
          .forEach(file -> {
            try {
              Files.delete(file);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /**
   * With or without weight decay.
   *
   * @param decay λ of AdamW
   */
  record Variant(double decay) {
    String label() {
      return "decay " + Numbers.exact(decay);
    }

    String folder() {
      return "decay-" + Numbers.exact(decay);
    }
  }
}
