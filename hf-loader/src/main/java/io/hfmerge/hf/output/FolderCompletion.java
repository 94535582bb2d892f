package io.hfmerge.hf.output;

import io.hfmerge.engine.MergeReport;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.card.ModelCard;
import io.hfmerge.hf.files.ChecksummedWriter;
import io.hfmerge.hf.files.WrittenFile;
import io.hfmerge.hf.vocab.OutputTokenizer;
import io.hfmerge.method.MethodDescription;
import io.hfmerge.plan.MergePlan;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;

/** Adds what belongs beside the weights of a merged model. */
final class FolderCompletion {

  private static final String CONFIG_FILE = "config.json";

  /** Beside the README, for running it again. */
  private static final String RECIPE_FILE = "hfmerge.yaml";

  private FolderCompletion() {}

  /**
   * Writes config, companion files and tokenizer.
   *
   * @param layout the model that lends them
   * @param models the open models by reference
   * @param notes gets what the folder lacks or has changed, a line each
   * @return names of files copied from the model
   */
  static List<String> addCompanions(
      MergePlan plan,
      HfModel layout,
      Function<String, HfModel> models,
      OutputTokenizer tokenizer,
      Path folder,
      List<String> notes)
      throws IOException {
    Recipe recipe = plan.recipe();
    List<String> companions =
        addModelFiles(
            layout,
            Optional.ofNullable(recipe.outDtype() != null ? recipe.outDtype() : recipe.dtype()),
            folder,
            notes);
    if (layout.config().isPresent()) {
      Path config = folder.resolve(CONFIG_FILE);
      String text = Files.readString(config);
      String edited = MergedConfig.edit(plan, layout, models, notes, text);
      if (!edited.equals(text)) {
        Files.writeString(config, edited);
      }
    }
    companions.removeIf(tokenizer::replaces);
    notes.addAll(tokenizer.write(folder));
    return companions;
  }

  /**
   * Writes config and companion files of a model as they are, but for the dtype.
   *
   * @param dtype dtype that the output is asked to have; empty to keep what the config says
   * @param notes gets what the folder lacks
   * @return names of files copied beside the config
   */
  static List<String> addModelFiles(
      HfModel model, Optional<DType> dtype, Path folder, List<String> notes) throws IOException {
    Path source = model.location().folder();
    if (model.config().isPresent()) {
      OutputConfig.write(source.resolve(CONFIG_FILE), folder.resolve(CONFIG_FILE), dtype);
    } else {
      notes.add(model.reference() + " has no config.json, so the output has none");
    }
    boolean remoteCode = usesRemoteCode(model);
    if (remoteCode) {
      notes.add("the config refers to Python code (auto_map); its files were copied, not run");
    }
    return CompanionFiles.copy(source, folder, remoteCode);
  }

  /** What {@link #addCompanions} will copy. */
  static List<String> companions(HfModel layout, OutputTokenizer tokenizer) throws IOException {
    List<String> found = CompanionFiles.find(layout.location().folder(), usesRemoteCode(layout));
    found.removeIf(name -> name.endsWith("/") || tokenizer.replaces(name));
    return found;
  }

  private static boolean usesRemoteCode(HfModel model) {
    return model.config().filter(config -> config.has("auto_map")).isPresent();
  }

  /**
   * Writes the model card and the recipe.
   *
   * @param findings what the reader must know beside the report
   */
  static void addCard(
      OutputJob job, MergeReport report, List<String> findings, MergeSettings settings, Path folder)
      throws IOException {
    MethodDescription method = job.plan().method().description();
    // the first line tells times, which would make two runs differ
    List<String> notes = new ArrayList<>(report.lines().subList(1, report.lines().size()));
    notes.addAll(findings);
    ModelCard card =
        new ModelCard(
            String.valueOf(job.target().getFileName()),
            method.name(),
            method.summary(),
            job.parents(),
            job.layout().config(),
            job.recipeText(),
            notes,
            settings.version());
    Files.writeString(folder.resolve("README.md"), card.markdown());
    Files.writeString(folder.resolve(RECIPE_FILE), job.recipeText());
  }

  /** Last of all files, since it lists the others, each of which is forced to the disk. */
  static void addManifest(
      OutputJob job,
      MergeReport report,
      ResumableOutput output,
      MergeSettings settings,
      ProgressListener listener)
      throws IOException {
    Map<String, Object> making = new LinkedHashMap<>();
    making.put("recipe", job.recipeText());
    making.put("seed", job.plan().recipe().seed());
    List<String> lines = report.lines();
    addManifest(
        output.folder(),
        output.writer(),
        job.plan(),
        job.inputs(),
        new Manifest.Provenance(
            settings.version(), making, job.groups(), lines.subList(1, lines.size())),
        settings,
        listener);
  }

  /**
   * Writes the manifest of a folder that is complete but for it.
   *
   * @param writer of the weights, finished
   * @param plan what was written
   * @param inputs what it was made from
   * @param provenance how
   */
  static void addManifest(
      Path folder,
      ChecksummedWriter writer,
      MergePlan plan,
      List<InputIdentity> inputs,
      Manifest.Provenance provenance,
      MergeSettings settings,
      ProgressListener listener)
      throws IOException {
    Map<String, Manifest.FileEntry> files = new TreeMap<>();
    for (WrittenFile file : writer.files()) {
      files.put(
          file.name(), new Manifest.FileEntry(file.sizeBytes(), file.checksum(), Optional.empty()));
    }
    for (Map.Entry<String, Path> file : FolderFiles.list(folder).entrySet()) {
      if (!files.containsKey(file.getKey())) {
        files.put(file.getKey(), FolderFiles.entryOfForced(file.getValue()));
      }
    }
    List<InputIdentity> identities = inputs;
    if (settings.sha256()) {
      identities = FileHashes.ofInputs(inputs, settings.engine().threads(), listener);
      files = FileHashes.ofOutputs(folder, files, settings.engine().threads(), listener);
    }
    Map<String, Manifest.TensorEntry> tensors = new LinkedHashMap<>();
    for (TensorSpec tensor : plan.layout()) {
      tensors.put(tensor.name(), new Manifest.TensorEntry(tensor, writer.checksum(tensor.name())));
    }
    new Manifest(identities, tensors, files).write(folder, provenance);
    FolderFiles.force(folder.resolve(Manifest.FILE));
  }
}
