package io.hfmerge.hf.output;

import io.hfmerge.engine.MergeEngine;
import io.hfmerge.engine.MergeReport;
import io.hfmerge.error.IncompatibleCheckpointsException;
import io.hfmerge.error.OutputExistsException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.hf.safetensors.SafetensorsWriter;
import io.hfmerge.hf.vocab.OutputTokenizer;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.method.MethodDescription;
import io.hfmerge.plan.MergeInput;
import io.hfmerge.plan.MergePlan;
import io.hfmerge.plan.MergePlanner;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.recipe.VocabularySource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * From a recipe to a model folder: opens the models, plans, merges, and adds what transformers
 * needs beside the weights. The folder appears whole or not at all; inputs are never written to.
 */
public final class ModelMerger {

  private static final String CONFIG_FILE = "config.json";

  /** Beside the README, for running it again. */
  private static final String RECIPE_FILE = "hfmerge.yaml";

  /** Room for header, config, tokenizer and card. */
  private static final long COMPANION_BYTES = 50_000_000;

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
   * @throws io.hfmerge.error.HfMergeException if the recipe or a model is refused
   * @throws IOException if a file cannot be read or written; nothing is left at the target
   */
  public MergedModel merge(
      Recipe recipe,
      String recipeText,
      Path target,
      MergeSettings settings,
      ProgressListener listener)
      throws IOException {
    StagedFolder.refuseExisting(target.toAbsolutePath().normalize(), settings.replace());
    try (OpenModels open = OpenModels.open(models, recipe)) {
      OutputTokenizer tokenizer = OutputTokenizer.plan(recipe, open.byReference());
      MergePlan plan = plan(recipe, open, tokenizer);
      HfModel layout = open.model(plan.inputs().getFirst().reference());
      refuseQuantised(layout);
      open.refuseOverlap(target);
      try (StagedFolder staged = StagedFolder.create(target, settings.replace())) {
        requireSpace(staged.path(), plan.bytesToWrite());
        MergeReport report;
        try (SafetensorsWriter writer =
            SafetensorsWriter.create(staged.path(), plan.layout(), settings.maxShardBytes())) {
          report = new MergeEngine().run(plan, writer, settings.engine(), listener);
          writer.finish();
        }
        List<String> notes = new ArrayList<>();
        List<String> companions = addCompanions(layout, recipe, staged.path(), notes);
        companions.removeIf(tokenizer::replaces);
        notes.addAll(tokenizer.write(staged.path()));
        addCard(plan, report, recipeText, target, settings, staged.path());
        staged.publish();
        return new MergedModel(target, report, companions, notes);
      }
    }
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

  private static void requireSpace(Path folder, long weightBytes) throws IOException {
    long usable = Files.getFileStore(folder).getUsableSpace();
    if (usable < weightBytes + COMPANION_BYTES) {
      throw new IOException(
          "%s: the output needs %,d bytes, the disk has %,d left"
              .formatted(folder.getParent(), weightBytes + COMPANION_BYTES, usable));
    }
  }

  private static List<String> addCompanions(
      HfModel layout, Recipe recipe, Path folder, List<String> notes) throws IOException {
    Path source = layout.location().folder();
    Optional<ModelConfig> config = layout.config();
    if (config.isPresent()) {
      OutputConfig.write(
          source.resolve(CONFIG_FILE),
          folder.resolve(CONFIG_FILE),
          Optional.ofNullable(recipe.outDtype() != null ? recipe.outDtype() : recipe.dtype()));
    } else {
      notes.add(layout.reference() + " has no config.json, so the output has none");
    }
    boolean remoteCode = config.filter(c -> c.has("auto_map")).isPresent();
    if (remoteCode) {
      notes.add("the config refers to Python code (auto_map); its files were copied, not run");
    }
    return CompanionFiles.copy(source, folder, remoteCode);
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

    /** Replacing a folder that holds an input would delete it; one inside an input changes it. */
    void refuseOverlap(Path target) throws IOException {
      Path real = real(target.toAbsolutePath().normalize());
      for (HfModel model : byReference.values()) {
        Path folder = model.location().folder().toRealPath();
        if (folder.startsWith(real) && Files.exists(target)) {
          throw new OutputExistsException(
              target + ": expected a folder without inputs, found that it holds " + folder);
        }
        if (real.startsWith(folder) && model.location().weightsFile().isEmpty()) {
          throw new OutputExistsException(
              target + ": expected a place outside the inputs, found it inside " + folder);
        }
      }
    }

    /** The path without symbolic links, as far as it exists. */
    private static Path real(Path path) throws IOException {
      Path parent = path.getParent();
      if (parent == null || Files.exists(path)) {
        return path.toRealPath();
      }
      return real(parent).resolve(path.getFileName());
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
