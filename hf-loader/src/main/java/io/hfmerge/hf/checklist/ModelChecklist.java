package io.hfmerge.hf.checklist;

import io.hfmerge.error.HfMergeException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.arch.ModelStructure;
import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.hf.files.ShardIndex;
import io.hfmerge.hf.safetensors.SafetensorsCheckpoint;
import io.hfmerge.hf.safetensors.SafetensorsWriter;
import io.hfmerge.hf.vocab.TokenizerFiles;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/**
 * Goes through a model folder as a careful reader would before publishing it: files, index and
 * metadata agree; the config agrees with the tensors in dtype, layers and vocabulary; no tensor is
 * missing that others of its kind have; every number is finite; a tokenizer is there.
 */
public final class ModelChecklist {

  private static final String CONFIG = "config.json";
  private static final String SINGLE_FILE = "model.safetensors";
  private static final Pattern SHARD = Pattern.compile("model-\\d{5}-of-\\d{5}\\.safetensors");

  /** Headers of this alignment let tensors be mapped in place. */
  private static final int HEADER_ALIGNMENT = 8;

  private static final List<String> TOKEN_IDS =
      List.of("bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id");

  private final HfModel model;
  private final Path folder;
  private final List<Finding> findings = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();

  /**
   * What was found.
   *
   * @param tensors number of tensors read
   * @param bytesRead bytes of tensors read
   * @param findings faults of the folder
   * @param notes what is worth knowing and may be as it should
   */
  public record Result(int tensors, long bytesRead, List<Finding> findings, List<String> notes) {

    public Result {
      findings = List.copyOf(findings);
      notes = List.copyOf(notes);
    }
  }

  private ModelChecklist(HfModel model) {
    this.model = model;
    this.folder = model.location().folder();
  }

  /**
   * Checks a folder.
   *
   * @param folder a model folder, merged by hfmerge or not
   * @param threads for reading, at least 1
   * @param listener hears of the bytes read, but not of beginning and end
   * @throws IOException if a file cannot be read
   */
  public static Result check(Path folder, int threads, ProgressListener listener)
      throws IOException {
    HfModel model;
    try {
      model = HfModels.open(folder.toString());
    } catch (HfMergeException e) {
      return new Result(
          0,
          0,
          List.of(
              new Finding(folder.toString(), "a model that opens", String.valueOf(e.getMessage()))),
          List.of());
    }
    try (model) {
      return new ModelChecklist(model).run(threads, listener);
    }
  }

  /** Bytes that {@link #check} will read; 0 if the folder does not open. */
  public static long bytesToRead(Path folder) throws IOException {
    try (HfModel model = HfModels.open(folder.toString())) {
      return measured(model).stream().mapToLong(TensorSpec::sizeBytes).sum();
    } catch (HfMergeException e) {
      return 0;
    }
  }

  private Result run(int threads, ProgressListener listener) throws IOException {
    checkFiles();
    if (model.config().isPresent()) {
      checkConfig(model.config().get());
    } else {
      notes.add("no config.json: the tensors could not be compared with it");
    }
    findings.addAll(LayerCensus.of(model));
    checkTokenizer();
    List<TensorSpec> tensors = measured(model);
    NonFiniteScan.of(model.checkpoint(), tensors, threads, listener)
        .forEach((tensor, count) ->
            findings.add(
                new Finding(
                    Finding.tensor(tensor.name()),
                    "finite numbers",
                    count + " that are NaN or infinite")));
    return new Result(
        tensors.size(), tensors.stream().mapToLong(TensorSpec::sizeBytes).sum(), findings, notes);
  }

  /** Buffers such as masks may hold infinities. */
  private static List<TensorSpec> measured(HfModel model) {
    return model.checkpoint().tensors().stream()
        .filter(tensor -> tensor.dtype().isFloat() && !model.structure().isBuffer(tensor))
        .toList();
  }

  private void checkFiles() throws IOException {
    Set<String> used = new TreeSet<>();
    for (Path file : model.checkpoint().files()) {
      String name = file.getFileName().toString();
      used.add(name);
      if (name.endsWith(".safetensors")) {
        checkHeader(name, file);
      } else {
        notes.add(name + " is in PyTorch's format; 'hfmerge convert' makes safetensors of it");
      }
    }
    try (Stream<Path> files = Files.list(folder)) {
      files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.equals(SINGLE_FILE) || SHARD.matcher(name).matches())
          .filter(name -> !used.contains(name))
          .sorted()
          .forEach(name ->
              findings.add(new Finding(name, "no file beside the model's own", "one not used")));
    }
    Path index = folder.resolve(SafetensorsWriter.INDEX_FILE);
    if (used.size() > 1 && Files.exists(index)) {
      checkTotal(index);
    }
  }

  private void checkHeader(String name, Path file) throws IOException {
    try (SafetensorsCheckpoint weights = SafetensorsCheckpoint.openFile(name, file)) {
      String format = weights.metadata().get("format");
      if (!"pt".equals(format)) {
        findings.add(
            new Finding(
                name,
                "__metadata__ with \"format\": \"pt\", without which some versions of transformers"
                    + " refuse the file",
                format == null ? "none" : '"' + format + '"'));
      }
      long header = weights.headerRanges().getFirst().length();
      if (header % HEADER_ALIGNMENT != 0) {
        notes.add(name + ": the header is not padded to 8 bytes, so tensors are not aligned");
      }
    }
  }

  private void checkTotal(Path index) throws IOException {
    long bytes = model.checkpoint().tensors().stream().mapToLong(TensorSpec::sizeBytes).sum();
    OptionalLong total = ShardIndex.read(index).totalSize();
    if (total.isEmpty() || total.getAsLong() != bytes) {
      findings.add(
          new Finding(
              SafetensorsWriter.INDEX_FILE,
              "total_size " + bytes,
              total.isEmpty() ? "none" : String.valueOf(total.getAsLong())));
    }
  }

  private void checkConfig(ModelConfig config) {
    checkDType(config);
    checkVocabulary(config);
    if (model.structure().tiedAgainstConfig()) {
      findings.add(
          new Finding(
              CONFIG,
              "tie_word_embeddings true, since there is one embedding",
              "false: transformers would make up the other at random"));
    }
    if (!model.structure().known()) {
      notes.add(
          "hfmerge has no definition of "
              + config.modelType().orElse("a model without model_type")
              + ": layers and vocabulary were not compared with the config");
    }
  }

  private void checkDType(ModelConfig config) {
    Set<DType> dtypes = EnumSet.noneOf(DType.class);
    measured(model).forEach(tensor -> dtypes.add(tensor.dtype()));
    config
        .dtype()
        .filter(dtype -> !dtypes.isEmpty() && !dtypes.contains(dtype))
        .ifPresent(dtype ->
            findings.add(
                new Finding(CONFIG, "dtype " + names(dtypes), "dtype " + dtype.torchName())));
    if (dtypes.size() > 1) {
      notes.add("the tensors have several dtypes: " + names(dtypes));
    }
  }

  private static String names(Set<DType> dtypes) {
    return String.join(", ", dtypes.stream().map(DType::torchName).toList());
  }

  private void checkVocabulary(ModelConfig config) {
    ModelStructure structure = model.structure();
    List<String> names = structure.vocabularyTensors();
    if (names.isEmpty()) {
      return;
    }
    OptionalLong size = config.integer("vocab_size");
    boolean any = false;
    for (TensorSpec tensor : model.checkpoint().tensors()) {
      if (!names.contains(structure.canonical(tensor.name()))
          || tensor.shape().dimensions().isEmpty()) {
        continue;
      }
      any = true;
      long rows = tensor.shape().dimensions().getFirst();
      if (size.isPresent() && rows != size.getAsLong()) {
        findings.add(
            new Finding(
                Finding.tensor(tensor.name()),
                size.getAsLong() + " rows, as config.json's vocab_size says",
                rows + " rows"));
      }
    }
    if (!any) {
      findings.add(
          new Finding(folder.toString(), "a token embedding", "none of " + names.getFirst()));
    }
    for (String key : TOKEN_IDS) {
      JsonNode id = config.tree().get(key);
      if (id != null && id.isIntegralNumber() && size.isPresent()) {
        checkId(key, id, size.getAsLong());
      }
    }
  }

  private void checkId(String key, JsonNode id, long size) {
    if (!id.canConvertToLong() || id.longValue() >= size) {
      notes.add(
          "%s: %s %s is outside the vocabulary of %d tokens"
              .formatted(CONFIG, key, id.asString(), size));
    }
  }

  private void checkTokenizer() {
    boolean text = !model.structure().vocabularyTensors().isEmpty();
    boolean present =
        TokenizerFiles.NAMES.stream().anyMatch(name -> Files.exists(folder.resolve(name)));
    if (text && !present) {
      notes.add("no tokenizer files: programs cannot turn text into the model's tokens");
    }
  }
}
