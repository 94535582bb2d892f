package io.hfmerge.hf.checklist;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.arch.ModelStructure;
import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.hf.files.LinkRule;
import io.hfmerge.hf.files.ShardIndex;
import io.hfmerge.hf.safetensors.SafetensorsCheckpoint;
import io.hfmerge.hf.safetensors.SafetensorsWriter;
import io.hfmerge.hf.vocab.TokenizerFiles;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
  private static final String GENERATION = "generation_config.json";
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
   * @param findings faults of the folder
   * @param notes what is worth knowing and may be as it should
   */
  public record Result(List<Finding> findings, List<String> notes) {

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
   * @param model a model folder, merged by hfmerge or not
   * @param nonFinite number of elements that are NaN or infinite, for the {@linkplain #measured
   *     tensors} that have any
   * @throws IOException if a file cannot be read
   */
  public static Result check(HfModel model, Map<TensorSpec, Long> nonFinite) throws IOException {
    return new ModelChecklist(model).run(nonFinite);
  }

  /** Tensors that must hold finite numbers: buffers such as masks may hold infinities. */
  public static List<TensorSpec> measured(HfModel model) {
    return model.checkpoint().tensors().stream()
        .filter(tensor -> tensor.dtype().isFloat() && !model.structure().isBuffer(tensor))
        .toList();
  }

  private Result run(Map<TensorSpec, Long> nonFinite) throws IOException {
    checkFiles();
    if (model.config().isPresent()) {
      checkConfig(model.config().get());
    } else {
      notes.add("no config.json: the tensors could not be compared with it");
    }
    findings.addAll(LayerCensus.of(model));
    checkTokenizer();
    nonFinite.forEach((tensor, count) ->
        findings.add(
            new Finding(
                Finding.tensor(tensor.name()),
                "finite numbers",
                count + " that are NaN or infinite")));
    return new Result(findings, notes);
  }

  private void checkFiles() throws IOException {
    Set<String> used = new TreeSet<>();
    for (Path file : model.checkpoint().files()) {
      used.add(file.getFileName().toString());
    }
    if (model.checkpoint() instanceof SafetensorsCheckpoint weights) {
      checkHeaders(weights);
    } else {
      notes.add(
          (used.size() == 1
                  ? used.iterator().next() + " is"
                  : used.size() + " files of weights are")
              + " in PyTorch's format; 'hfmerge convert' makes safetensors of "
              + (used.size() == 1 ? "it" : "them"));
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

  private void checkHeaders(SafetensorsCheckpoint weights) {
    for (int i = 0; i < weights.files().size(); i++) {
      String name = weights.files().get(i).getFileName().toString();
      String format = weights.fileMetadata().get(i).get("format");
      if (!"pt".equals(format)) {
        findings.add(
            new Finding(
                name,
                "__metadata__ with \"format\": \"pt\", without which some versions of transformers"
                    + " refuse the file",
                format == null ? "none" : '"' + format + '"'));
      }
      if (weights.headerRanges().get(i).length() % HEADER_ALIGNMENT != 0) {
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

  private void checkConfig(ModelConfig config) throws IOException {
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

  private void checkVocabulary(ModelConfig config) throws IOException {
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
    if (size.isPresent()) {
      checkIds(CONFIG, config, size.getAsLong());
      generationConfig().ifPresent(other -> checkIds(GENERATION, other, size.getAsLong()));
    }
  }

  private Optional<ModelConfig> generationConfig() throws IOException {
    Path file = folder.resolve(GENERATION);
    if (Files.notExists(file)) {
      return Optional.empty();
    }
    try {
      LinkRule.check(folder, file);
      return Optional.of(ModelConfig.read(file));
    } catch (MalformedCheckpointException e) {
      findings.add(new Finding(GENERATION, "a JSON object", String.valueOf(e.getMessage())));
      return Optional.empty();
    }
  }

  /** Of the end there may be several. */
  private void checkIds(String file, ModelConfig config, long size) {
    for (String key : TOKEN_IDS) {
      JsonNode value = config.tree().path(key);
      for (JsonNode id : value.isArray() ? value : List.of(value)) {
        if (id.isIntegralNumber() && (!id.canConvertToLong() || id.longValue() >= size)) {
          notes.add(
              "%s: %s %s is outside the vocabulary of %d tokens"
                  .formatted(file, key, id.asString(), size));
        }
      }
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
