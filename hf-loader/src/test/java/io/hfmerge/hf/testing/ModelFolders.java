package io.hfmerge.hf.testing;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.hfmerge.hf.safetensors.SafetensorsCheckpoint;
import io.hfmerge.hf.safetensors.SafetensorsWriter;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** Model folders on disk. */
public final class ModelFolders {

  /** Where the reference checkpoints and merges are. */
  public static final Path GOLDEN = Path.of("src/test/resources/golden");

  /** Families of the reference checkpoints. */
  public static final List<String> FAMILIES =
      List.of(
          "bert", "gpt2", "gpt_neox", "gptj", "llama", "mistral", "phi", "qwen2", "roberta", "vit");

  private ModelFolders() {}

  /** A reference checkpoint: {@code base}, {@code a} or {@code b} of a family. */
  public static Path golden(String family, String model) {
    return GOLDEN.resolve("checkpoints").resolve(family).resolve(model).toAbsolutePath();
  }

  /** All tensors of a folder or a file, by name in the file's order. */
  public static Map<String, StoredTensor> read(Path model) throws IOException {
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    try (Checkpoint checkpoint = open(model)) {
      for (TensorSpec spec : checkpoint.tensors()) {
        byte[] bytes = checkpoint.mapped(spec.name()).orElseThrow().toArray(JAVA_BYTE);
        tensors.put(spec.name(), new StoredTensor(spec, bytes));
      }
    }
    return tensors;
  }

  private static Checkpoint open(Path model) throws IOException {
    if (Files.isRegularFile(model)) {
      return SafetensorsCheckpoint.openFile("file", model);
    }
    Path index = model.resolve(SafetensorsWriter.INDEX_FILE);
    return Files.exists(index)
        ? SafetensorsCheckpoint.openIndex("shards", index)
        : SafetensorsCheckpoint.openFile("single", model.resolve("model.safetensors"));
  }

  /** Creates a folder with these tensors in one file. */
  public static Path write(Path folder, Collection<StoredTensor> tensors) throws IOException {
    return write(folder, tensors, Long.MAX_VALUE);
  }

  /** Creates a folder with these tensors, cut into shards. */
  public static Path write(Path folder, Collection<StoredTensor> tensors, long maxShardBytes)
      throws IOException {
    Files.createDirectories(folder);
    List<TensorSpec> specs = tensors.stream().map(StoredTensor::spec).toList();
    try (SafetensorsWriter writer = SafetensorsWriter.create(folder, specs, maxShardBytes)) {
      for (StoredTensor tensor : tensors) {
        writer.write(tensor.name(), 0, MemorySegment.ofArray(tensor.bytes()));
      }
      writer.finish();
    }
    return folder;
  }

  /** A copy of a model with its config, in which every tensor is changed. */
  public static Path copy(Path source, Path target, UnaryOperator<StoredTensor> change)
      throws IOException {
    write(target, read(source).values().stream().map(change).toList());
    Files.copy(source.resolve("config.json"), target.resolve("config.json"));
    return target;
  }

  /** Names below a folder, sorted; folders end with a slash. */
  public static List<String> list(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(file -> !file.equals(folder))
          .map(file -> folder.relativize(file) + (Files.isDirectory(file) ? "/" : ""))
          .sorted()
          .toList();
    }
  }

  /** Content and times of everything below a folder, to see that nothing has changed. */
  public static Map<String, String> snapshot(Path folder) throws IOException {
    Map<String, String> state = new TreeMap<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.toList()) {
        String content =
            Files.isRegularFile(file) ? "" + Arrays.hashCode(Files.readAllBytes(file)) : "folder";
        state.put(file.toString(), content + " of " + Files.getLastModifiedTime(file));
      }
    }
    return state;
  }
}
