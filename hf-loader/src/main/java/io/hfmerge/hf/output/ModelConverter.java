package io.hfmerge.hf.output;

import io.hfmerge.engine.MergeEngine;
import io.hfmerge.engine.MergeOptions;
import io.hfmerge.engine.MergeReport;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.ModelLocation;
import io.hfmerge.hf.files.ChecksummedWriter;
import io.hfmerge.method.BaseModelUse;
import io.hfmerge.method.MergeMethod;
import io.hfmerge.method.MethodDescription;
import io.hfmerge.method.TensorContext;
import io.hfmerge.method.TensorMerge;
import io.hfmerge.plan.CopiedTensor;
import io.hfmerge.plan.MergeInput;
import io.hfmerge.plan.MergePlan;
import io.hfmerge.plan.PlannedTensor;
import io.hfmerge.plan.TensorSource;
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
import java.util.Locale;
import java.util.Map;

/**
 * Writes any model that can be opened as a new folder of safetensors or of PyTorch's files, byte
 * for byte or in another dtype, with its config, companion files and manifest. The folder appears
 * whole or not at all; inputs are never written to.
 */
public final class ModelConverter {

  private static final String CARD = "README.md";

  /** 128 rows of 8192 elements of 4 bytes, where they are copied as bytes. */
  private static final int COLLECTED_BLOCK_ELEMENTS = 1 << 22;

  private final HfModels models;

  public ModelConverter(HfModels models) {
    this.models = models;
  }

  /**
   * Plans a conversion; writes nothing.
   *
   * @return the plan's text: totals and groups of tensors
   */
  public List<String> describePlan(String reference, ConversionSettings settings)
      throws IOException {
    try (HfModel model = models.openModel(reference)) {
      return plan(model, settings).describe();
    }
  }

  /**
   * Converts into a new folder.
   *
   * @param reference model to convert
   * @param target folder to create; its parent must exist
   * @param settings how to run and write
   * @param listener hears bytes of the input
   * @throws io.hfmerge.error.OutputExistsException if the target exists and may not be replaced
   * @throws io.hfmerge.error.NonFiniteOutputException if numbers are too large for the dtype,
   *     unless that is allowed
   * @throws io.hfmerge.error.InputChangedException if the model changes meanwhile
   * @throws io.hfmerge.error.HfMergeException if the model is refused
   * @throws IOException if a file cannot be read or written; nothing is left at the target
   */
  public ConvertedModel convert(
      String reference, Path target, ConversionSettings settings, ProgressListener listener)
      throws IOException {
    try (HfModel model = models.openModel(reference)) {
      for (ModelLocation input : model.locations()) {
        InputOverlap.refuse(target, input);
      }
      MergePlan plan = plan(model, settings);
      InputWatch watch = new InputWatch(List.of(InputIdentity.of(model)));
      try (StagedFolder staged = StagedFolder.create(target, settings.output().replace())) {
        DiskSpace.require(target, plan.bytesToWrite(), 1);
        ConvertedModel converted = fill(model, plan, settings, staged.path(), watch, listener);
        watch.requireUnchanged();
        staged.publish();
        return new ConvertedModel(
            target, converted.report(), converted.companions(), converted.notes());
      }
    }
  }

  /** Writes everything. */
  private static ConvertedModel fill(
      HfModel model,
      MergePlan plan,
      ConversionSettings settings,
      Path folder,
      InputWatch watch,
      ProgressListener listener)
      throws IOException {
    MergeSettings output = settings.output();
    try (ChecksummedWriter writer =
        settings.format().create(folder, plan.layout(), output.maxShardBytes())) {
      MergeReport report =
          new MergeEngine()
              .run(plan, writer, engine(model, output), new ConversionProgress(listener));
      watch.requireUnchanged();
      if (!output.allowNonFinite()) {
        FiniteValues.require(List.of(report), List.of());
      }
      writer.finish();
      List<String> notes = new ArrayList<>(plan.notes());
      List<String> companions =
          FolderCompletion.addModelFiles(model, settings.dtype(), folder, notes);
      addCard(model, folder, companions);
      FolderCompletion.addManifest(
          folder,
          writer,
          plan,
          watch.inputs(),
          provenance(model.reference(), plan, settings, report, notes),
          output,
          listener);
      return new ConvertedModel(folder, report, companions, notes);
    }
  }

  private static Manifest.Provenance provenance(
      String reference,
      MergePlan plan,
      ConversionSettings settings,
      MergeReport report,
      List<String> notes) {
    Map<String, Object> conversion = new LinkedHashMap<>();
    conversion.put("model", reference);
    conversion.put("format", settings.format().name().toLowerCase(Locale.ROOT));
    settings.dtype().ifPresent(dtype -> conversion.put("dtype", dtype.torchName()));
    conversion.put("max_shard_bytes", settings.output().maxShardBytes());
    List<String> lines = new ArrayList<>();
    report.conversions().forEach(line -> lines.add(line.describe()));
    report.nonFinite().forEach(tensor -> lines.add(tensor.describe()));
    lines.addAll(notes);
    return new Manifest.Provenance(
        settings.output().version(),
        Map.of("conversion", conversion),
        ParameterGroups.of(plan),
        lines);
  }

  /** Tensors that are collected want many rows at once, so that lines of memory are used whole. */
  private static MergeOptions engine(HfModel model, MergeSettings settings) {
    MergeOptions options = settings.engine();
    boolean mapped =
        model.checkpoint().tensors().stream()
            .allMatch(tensor -> model.checkpoint().mapped(tensor.name()).isPresent());
    return mapped
        ? options
        : new MergeOptions(
            options.threads(),
            options.tileElements(),
            Math.max(options.blockElements(), COLLECTED_BLOCK_ELEMENTS),
            options.memoryBytes());
  }

  /** The same model keeps its card; beside a single file lies whatever its folder is about. */
  private static void addCard(HfModel model, Path target, List<String> companions)
      throws IOException {
    Path card = model.location().folder().resolve(CARD);
    if (model.location().weightsFile().isEmpty() && Files.isRegularFile(card)) {
      CompanionFiles.copyFile(model.location().folder(), CARD, target);
      companions.addFirst(CARD);
    }
  }

  private static MergePlan plan(HfModel model, ConversionSettings settings) throws IOException {
    if (settings.dtype().isPresent()) {
      refuseQuantised(model);
    }
    MergeInput input = new MergeInput(model.reference(), model.checkpoint(), model.structure());
    TiedTensors tied = TiedTensors.of(model);
    List<PlannedTensor> tensors = new ArrayList<>();
    for (TensorSpec tensor : model.checkpoint().tensors()) {
      if (tied.dropped().contains(tensor.name())) {
        continue;
      }
      TensorSpec output =
          new TensorSpec(
              tied.renamed().getOrDefault(tensor.name(), tensor.name()),
              dtype(model, tensor, settings),
              tensor.shape());
      tensors.add(
          new CopiedTensor(
              output,
              new TensorSource(input, tensor),
              output.dtype() == tensor.dtype() ? "byte for byte" : "from " + tensor.dtype()));
    }
    List<String> notes = new ArrayList<>(model.notes());
    notes.addAll(tied.notes());
    return new MergePlan(
        Recipe.builder("convert").model(model.reference()).build(),
        new Conversion(),
        List.of(input),
        tensors,
        List.of(),
        notes);
  }

  /** Buffers keep theirs: a mask's -10000 or a position does not become a better one. */
  private static DType dtype(HfModel model, TensorSpec tensor, ConversionSettings settings) {
    boolean converted = tensor.dtype().isFloat() && !model.structure().isBuffer(tensor);
    return converted ? settings.dtype().orElse(tensor.dtype()) : tensor.dtype();
  }

  private static void refuseQuantised(HfModel model) {
    if (model.config().filter(config -> config.has("quantization_config")).isPresent()) {
      throw new UnsupportedFeatureException(
          model.location().folder()
              + ": expected plain weights to convert to another dtype, found a quantization_config;"
              + " leave the dtype out to convert the files as they are");
    }
  }

  /** Stands in a plan all of whose tensors are copied. */
  private static final class Conversion implements MergeMethod {

    @Override
    public MethodDescription description() {
      return new MethodDescription(
          "convert",
          "the tensors of one model as they are",
          List.of(),
          BaseModelUse.UNUSED,
          1,
          1,
          List.of());
    }

    @Override
    public TensorMerge prepare(TensorContext context) {
      throw new IllegalStateException("a conversion merges no tensors");
    }
  }

  /** Calls the engine's work what it is. */
  private record ConversionProgress(ProgressListener listener) implements ProgressListener {

    @Override
    public void started(String task, long totalBytes) {
      listener.started("converting", totalBytes);
    }

    @Override
    public void advanced(long bytes) {
      listener.advanced(bytes);
    }

    @Override
    public void finished() {
      listener.finished();
    }
  }
}
