package io.hfmerge.hf.output;

import io.hfmerge.engine.MergeEngine;
import io.hfmerge.engine.MergeReport;
import io.hfmerge.error.IncompatibleCheckpointsException;
import io.hfmerge.error.InputChangedException;
import io.hfmerge.error.NonFiniteOutputException;
import io.hfmerge.error.OutputExistsException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.safetensors.SafetensorsWriter;
import io.hfmerge.hf.safetensors.WrittenFile;
import io.hfmerge.hf.vocab.OutputTokenizer;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.method.MethodDescription;
import io.hfmerge.plan.MergeInput;
import io.hfmerge.plan.MergePlan;
import io.hfmerge.plan.MergePlanner;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.recipe.VocabularySource;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * From a recipe to a model folder: opens the models, plans, merges, and adds what transformers
 * needs beside the weights. The folder appears whole or not at all; inputs are never written to.
 */
public final class ModelMerger {

  /** Beside the README, for running it again. */
  private static final String RECIPE_FILE = "hfmerge.yaml";

  private final HfModels models;
  private final MergeMethods methods;

  public ModelMerger(HfModels models, MergeMethods methods) {
    this.models = models;
    this.methods = methods;
  }

  /**
   * Plans a merge without reading weights or writing anything.
   *
   * @return the plan's text: totals and a line for each tensor
   */
  public String describePlan(Recipe recipe) throws IOException {
    try (OpenModels open = OpenModels.open(models, recipe)) {
      return plan(recipe, open, OutputTokenizer.plan(recipe, open.byReference())).describe();
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
    Path place = StagedFolder.checked(target, settings.replace());
    try (OpenModels open = OpenModels.open(models, recipe)) {
      OutputTokenizer tokenizer = OutputTokenizer.plan(recipe, open.byReference());
      MergePlan plan = plan(recipe, open, tokenizer);
      HfModel layout = open.model(plan.inputs().getFirst().reference());
      refuseQuantised(layout);
      for (HfModel model : open.byReference().values()) {
        OutputPlace.refuseOverlap(target, model);
      }
      Job job =
          new Job(
              plan,
              ParameterGroups.of(plan),
              recipeText,
              open.identities(),
              List.copyOf(open.byReference().values()),
              layout,
              tokenizer,
              target,
              settings,
              listener);
      InputWatch watch = new InputWatch(job.inputs());
      RunIdentity identity = RunIdentity.of(plan, job.groups(), recipeText, job.inputs(), settings);
      try (ResumableOutput output =
          ResumableOutput.open(place, plan.layout(), identity, watch, settings, listener)) {
        return carryOut(job, output, watch);
      }
    }
  }

  /**
   * One merge.
   *
   * @param models all that are open
   * @param layout the model that lends config and companion files
   * @param tokenizer what becomes of tokenizer and chat template
   */
  private record Job(
      MergePlan plan,
      ParameterGroups groups,
      String recipeText,
      List<InputIdentity> inputs,
      List<HfModel> models,
      HfModel layout,
      OutputTokenizer tokenizer,
      Path target,
      MergeSettings settings,
      ProgressListener listener) {}

  /** Fills an output and publishes it; where that fails, says what is left. */
  private MergedModel carryOut(Job job, ResumableOutput output, InputWatch watch)
      throws IOException {
    try {
      return fill(job, output, watch);
    } catch (InterruptedIOException | RuntimeException | Error e) {
      output.failed(e).ifPresent(job.listener()::notice);
      throw e;
    } catch (IOException e) {
      // a file that was replaced or cut short fails in many ways, all for the same reason
      List<String> changes = watch.changes();
      if (!changes.isEmpty()) {
        InputChangedException changed = InputWatch.refuse(changes, e);
        output.failed(changed);
        throw changed;
      }
      Optional<String> advice = output.failed(e);
      if (advice.isPresent()) {
        throw new PartialMergeException(e, advice.get());
      }
      throw e;
    }
  }

  private MergedModel fill(Job job, ResumableOutput output, InputWatch watch) throws IOException {
    MergePlan plan = job.plan();
    SafetensorsWriter writer = output.writer();
    MergeReport report =
        new MergeEngine()
            .run(plan, writer, job.settings().engine(), output.journal(), job.listener());
    watch.requireUnchanged();
    if (!job.settings().allowNonFinite()) {
      FiniteValues.require(report);
    }
    long start = System.nanoTime();
    writer.finish();
    long forcedNanos = System.nanoTime() - start;
    List<String> notes = new ArrayList<>();
    job.models().forEach(model -> notes.addAll(model.notes()));
    Recipe recipe = plan.recipe();
    List<String> companions =
        CompanionFiles.add(
            job.layout(),
            Optional.ofNullable(recipe.outDtype() != null ? recipe.outDtype() : recipe.dtype()),
            output.folder(),
            notes);
    companions.removeIf(job.tokenizer()::replaces);
    notes.addAll(job.tokenizer().write(output.folder()));
    addCard(plan, report, job.recipeText(), job.target(), job.settings(), output.folder());
    addManifest(job, report, output);
    watch.requireUnchanged();
    start = System.nanoTime();
    output.publish();
    forcedNanos += System.nanoTime() - start;
    return new MergedModel(job.target(), report, forcedNanos, companions, notes);
  }

  /** Plans; models of two families are named as such before their tensors are compared in vain. */
  private MergePlan plan(Recipe recipe, OpenModels open, OutputTokenizer tokenizer) {
    try {
      MergePlan plan = new MergePlanner(methods).plan(recipe, open.inputs(recipe, tokenizer));
      return plan.withNotes(tokenizer.notes());
    } catch (IncompatibleCheckpointsException e) {
      Map<String, String> families = open.families();
      if (families.size() < 2) {
        throw e;
      }
      throw new IncompatibleCheckpointsException(
          "expected models of one family, found "
              + families.entrySet().stream()
                  .map(family -> family.getKey() + " (" + family.getValue() + ")")
                  .collect(Collectors.joining(", "))
              + "\n"
              + e.getMessage(),
          e);
    }
  }

  private static void refuseQuantised(HfModel model) {
    if (model.config().filter(config -> config.has("quantization_config")).isPresent()) {
      throw new UnsupportedFeatureException(
          model.location().folder()
              + ": expected plain weights, found a quantization_config; merge the models before they"
              + " are quantised");
    }
  }

  private void addCard(
      MergePlan plan,
      MergeReport report,
      String recipeText,
      Path target,
      MergeSettings settings,
      Path folder)
      throws IOException {
    MethodDescription method = plan.method().description();
    List<String> notes = report.lines();
    ModelCard card =
        new ModelCard(
            String.valueOf(target.toAbsolutePath().normalize().getFileName()),
            method.name(),
            method.summary(),
            plan.inputs().stream()
                .map(MergeInput::reference)
                .map(reference -> new ModelCard.Parent(reference, isPath(reference)))
                .toList(),
            recipeText,
            // the first line tells times, which would make two runs differ
            notes.subList(1, notes.size()),
            settings.version());
    Files.writeString(folder.resolve("README.md"), card.markdown());
    Files.writeString(folder.resolve(RECIPE_FILE), recipeText);
  }

  /** Last of all files, since it lists the others, each of which is forced to the disk. */
  private static void addManifest(Job job, MergeReport report, ResumableOutput output)
      throws IOException {
    Path folder = output.folder();
    Map<String, Manifest.FileEntry> files = new TreeMap<>();
    for (WrittenFile file : output.writer().files()) {
      files.put(
          file.name(), new Manifest.FileEntry(file.sizeBytes(), file.checksum(), Optional.empty()));
    }
    for (Map.Entry<String, Path> file : FolderFiles.list(folder).entrySet()) {
      if (!files.containsKey(file.getKey())) {
        files.put(file.getKey(), FolderFiles.entryOfForced(file.getValue()));
      }
    }
    List<InputIdentity> inputs = job.inputs();
    if (job.settings().sha256()) {
      inputs = FileHashes.ofInputs(inputs, job.settings().engine().threads(), job.listener());
      files =
          FileHashes.ofOutputs(folder, files, job.settings().engine().threads(), job.listener());
    }
    Map<String, Manifest.TensorEntry> tensors = new LinkedHashMap<>();
    for (TensorSpec tensor : job.plan().layout()) {
      tensors.put(
          tensor.name(), new Manifest.TensorEntry(tensor, output.writer().checksum(tensor.name())));
    }
    List<String> lines = report.lines();
    new Manifest(inputs, tensors, files)
        .write(
            folder,
            new Manifest.Provenance(
                job.settings().version(),
                job.recipeText(),
                job.plan().recipe().seed(),
                job.groups(),
                lines.subList(1, lines.size())));
    FolderFiles.force(folder.resolve(Manifest.FILE));
  }

  private static boolean isPath(String reference) {
    try {
      return Files.exists(Path.of(reference));
    } catch (InvalidPathException e) {
      return false;
    }
  }

  /** The models of a recipe, each open once; closes them all. */
  private record OpenModels(Map<String, HfModel> byReference) implements AutoCloseable {

    static OpenModels open(HfModels models, Recipe recipe) throws IOException {
      OpenModels open = new OpenModels(new LinkedHashMap<>());
      try {
        for (String reference : recipe.references()) {
          open.byReference().put(reference, models.openModel(reference));
        }
        if (recipe.tokenizer() != null
            && recipe.tokenizer().source() instanceof VocabularySource.Model(String reference)
            && !open.byReference().containsKey(reference)) {
          open.byReference().put(reference, models.openModel(reference));
        }
        return open;
      } catch (IOException | RuntimeException e) {
        open.close();
        throw e;
      }
    }

    List<MergeInput> inputs(Recipe recipe, OutputTokenizer tokenizer) {
      return recipe.references().stream()
          .map(reference ->
              new MergeInput(
                  reference, tokenizer.checkpoint(reference), model(reference).structure()))
          .toList();
    }

    List<InputIdentity> identities() throws IOException {
      List<InputIdentity> identities = new ArrayList<>();
      for (HfModel model : byReference.values()) {
        identities.add(InputIdentity.of(model));
      }
      return identities;
    }

    /** A reference for each {@code model_type}. */
    Map<String, String> families() {
      Map<String, String> families = new LinkedHashMap<>();
      byReference.forEach(
          (reference, model) -> families.putIfAbsent(model.structure().modelType(), reference));
      return families;
    }

    HfModel model(String reference) {
      @Nullable HfModel model = byReference.get(reference);
      if (model == null) {
        throw new IllegalArgumentException("\"" + reference + "\" is not open");
      }
      return model;
    }

    @Override
    public void close() throws IOException {
      IOException failure = null;
      for (HfModel model : byReference.values()) {
        try {
          model.close();
        } catch (IOException e) {
          if (failure == null) {
            failure = e;
          } else {
            failure.addSuppressed(e);
          }
        }
      }
      if (failure != null) {
        throw failure;
      }
    }
  }
}
