package io.hfmerge.hf.output;

import io.hfmerge.engine.MergeEngine;
import io.hfmerge.engine.MergeEstimate;
import io.hfmerge.engine.MergeMemory;
import io.hfmerge.engine.MergeOptions;
import io.hfmerge.engine.MergeOutput;
import io.hfmerge.engine.MergeReading;
import io.hfmerge.engine.MergeReport;
import io.hfmerge.error.NonFiniteOutputException;
import io.hfmerge.error.OutputExistsException;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.vocab.OutputTokenizer;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.plan.MergePlan;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.recipe.RecipeBook;
import io.hfmerge.recipe.RecipeOutput;
import io.hfmerge.recipe.RecipeWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * From recipes to model folders: opens the models, plans, merges, and adds what transformers needs
 * beside the weights. A folder appears whole or not at all; inputs are never written to.
 */
public final class ModelMerger {

  private final HfModels models;
  private final MergeMethods methods;

  public ModelMerger(HfModels models, MergeMethods methods) {
    this.models = models;
    this.methods = methods;
  }

  /**
   * Plans a merge without reading weights or writing anything.
   *
   * @param settings how it would run
   * @param everyTensor whether to list the tensors one by one as well
   * @return the plan and its estimated cost, a text per line
   */
  public List<String> describePlan(Recipe recipe, MergeSettings settings, boolean everyTensor)
      throws IOException {
    return describePlan(RecipeBook.of(recipe), settings, everyTensor);
  }

  /**
   * Plans all recipes of a file without reading weights or writing models. (Config and companion
   * files of intermediate results are written to a temporary folder and deleted again.)
   *
   * @param settings how they would run
   * @param everyTensor whether to list the tensors one by one as well
   * @return intermediate recipes, outputs, then what is read and the memory taken; a text per line
   */
  public List<String> describePlan(RecipeBook book, MergeSettings settings, boolean everyTensor)
      throws IOException {
    MergeOptions options = settings.engine();
    try (RecipeModels opened = RecipeModels.open(models, methods, book, options)) {
      List<String> lines = new ArrayList<>();
      opened
          .results()
          .plans()
          .forEach((name, plan) -> {
            lines.add("recipe \"%s\", computed when it is read:".formatted(name));
            describe(plan, everyTensor, lines);
          });
      OutputTokenizer tokenizer = opened.tokenizer();
      List<MergePlan> plans = new ArrayList<>();
      for (RecipeOutput output : book.outputs()) {
        MergePlan plan = opened.plan(output.recipe(), tokenizer);
        plans.add(plan);
        if (book.hasNamedOutputs()) {
          lines.add("output \"%s\":".formatted(output.name()));
        }
        describe(plan, everyTensor, lines);
        List<String> companions = FolderCompletion.companions(opened.layout(plan), tokenizer);
        lines.add(
            companions.isEmpty()
                ? "no companion files in the base to copy"
                : "copied from the base: " + String.join(", ", companions));
      }
      book.notes().forEach(note -> lines.add("note: " + note));
      if (plans.size() > 1) {
        lines.add(
            String.format(
                Locale.ROOT,
                "all outputs together: %,d bytes of inputs",
                MergeReading.of(plans).onePassBytes()));
      }
      lines.addAll(MergeEstimate.of(plans, options).lines());
      return lines;
    }
  }

  private static void describe(MergePlan plan, boolean everyTensor, List<String> lines) {
    lines.addAll(plan.describe());
    if (everyTensor) {
      lines.addAll(plan.describeTensors());
    }
  }

  /**
   * Merges into a new folder.
   *
   * @param recipe what to merge
   * @param recipeText the recipe as YAML, for the model card
   * @param target folder to create; its parent must exist
   * @param settings how to run and write
   * @param listener hears bytes of inputs
   * @throws OutputExistsException if the target exists and may not be replaced
   * @throws io.hfmerge.error.UnfinishedMergeException if an unfinished merge of the target is to be
   *     continued that was begun with something else, or another process is at work on it
   * @throws io.hfmerge.error.InputChangedException if an input changes meanwhile
   * @throws NonFiniteOutputException if NaN or infinities come out of finite inputs, unless that is
   *     allowed
   * @throws io.hfmerge.error.HfMergeException if the recipe or a model is refused
   * @throws PartialMergeException if a file cannot be read or written after part of the work was
   *     done, which is kept for being continued
   * @throws IOException if a file cannot be read or written; nothing is left at the target
   */
  public MergedModel merge(
      Recipe recipe,
      String recipeText,
      Path target,
      MergeSettings settings,
      ProgressListener listener)
      throws IOException {
    return merge(RecipeBook.of(recipe), recipeText, target, settings, listener).models().getFirst();
  }

  /**
   * Carries out all recipes of a file in one pass over the inputs. Results of intermediate recipes
   * are computed when they are read, and written nowhere. Of outputs with names, each gets a folder
   * of its own in the target, which then may exist; all are complete before the first appears.
   *
   * @param book what to merge
   * @param text the file as YAML, for the model card; outputs with names get what makes them alone
   * @see #merge(Recipe, String, Path, MergeSettings, ProgressListener)
   */
  public MergedModels merge(
      RecipeBook book, String text, Path target, MergeSettings settings, ProgressListener listener)
      throws IOException {
    OutputSet.check(book, target, settings.replace());
    try (RecipeModels opened = RecipeModels.open(models, methods, book, settings.engine())) {
      OutputTokenizer tokenizer = opened.tokenizer();
      List<OutputJob> jobs = new ArrayList<>();
      for (RecipeOutput output : book.outputs()) {
        jobs.add(
            opened.job(
                output,
                tokenizer,
                output.name() == null ? text : new RecipeWriter().write(book.alone(output)),
                OutputSet.target(output, target)));
      }
      // refuses before anything is created
      MergeMemory.of(jobs.stream().map(OutputJob::plan).toList(), settings.engine());
      InputWatch watch =
          new InputWatch(jobs.stream().flatMap(job -> job.inputs().stream()).distinct().toList());
      try (OutputSet outputs = OutputSet.open(book, target, jobs, watch, settings, listener)) {
        Run run = new Run(jobs, outputs, opened, watch, settings, listener);
        return outputs.carryOut(() -> fill(run), watch, listener);
      }
    }
  }

  private record Run(
      List<OutputJob> jobs,
      OutputSet outputs,
      RecipeModels models,
      InputWatch watch,
      MergeSettings settings,
      ProgressListener listener) {}

  private static MergedModels fill(Run run) throws IOException {
    List<MergeOutput> outputs = new ArrayList<>();
    for (int i = 0; i < run.jobs().size(); i++) {
      ResumableOutput output = run.outputs().get(i);
      outputs.add(new MergeOutput(run.jobs().get(i).plan(), output.writer(), output.journal()));
    }
    List<MergeReport> reports =
        new MergeEngine().run(outputs, run.settings().engine(), run.listener());
    run.watch().requireUnchanged();
    if (!run.settings().allowNonFinite()) {
      FiniteValues.require(reports, run.models().results().findings());
    }
    List<MergedModel> merged = new ArrayList<>();
    for (int i = 0; i < reports.size(); i++) {
      merged.add(complete(run, i, reports.get(i)));
    }
    run.watch().requireUnchanged();
    for (int i = 0; i < merged.size(); i++) {
      long start = System.nanoTime();
      run.outputs().get(i).publish();
      merged.set(i, merged.get(i).withMoreForcing(System.nanoTime() - start));
    }
    return new MergedModels(merged);
  }

  /** Everything but its publication. */
  private static MergedModel complete(Run run, int index, MergeReport report) throws IOException {
    OutputJob job = run.jobs().get(index);
    ResumableOutput output = run.outputs().get(index);
    long start = System.nanoTime();
    output.writer().finish();
    long forcedNanos = System.nanoTime() - start;
    List<String> findings = run.models().results().findings();
    List<String> notes = new ArrayList<>(run.models().results().readings());
    notes.addAll(findings);
    List<String> companions =
        FolderCompletion.addCompanions(
            job.plan(), job.layout(), run.models()::model, job.tokenizer(), output.folder(), notes);
    FolderCompletion.addCard(job, report, findings, run.settings(), output.folder());
    FolderCompletion.addManifest(job, report, output, run.settings(), run.listener());
    return new MergedModel(job.target(), report, forcedNanos, companions, notes);
  }
}
