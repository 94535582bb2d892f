package io.hfmerge.examples.experiment.taskvector;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import io.hfmerge.examples.experiment.train.Parameters;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.output.StagedFolder;
import io.hfmerge.hf.safetensors.SafetensorsWriter;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorCodec;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Fine-tuned encoders as Hugging Face folders of the base's class, heads as files beside them. */
final class TaskModel {

  private static final List<String> COMPANIONS =
      List.of(
          "config.json",
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "vocab.txt");

  private TaskModel() {}

  /**
   * Writes a model: the base's tensors in the base's dtypes, some with other values.
   *
   * @param folder replaced where an interrupted run left one
   * @param changed values by stored name
   */
  static void write(Path folder, HfModel base, Map<String, NDArray> changed) throws IOException {
    Checkpoint checkpoint = base.checkpoint();
    try (StagedFolder staged = StagedFolder.create(folder, true);
        SafetensorsWriter writer =
            SafetensorsWriter.create(
                staged.path(), checkpoint.tensors(), SafetensorsWriter.DEFAULT_MAX_SHARD_BYTES)) {
      for (TensorSpec tensor : checkpoint.tensors()) {
        try (Arena arena = Arena.ofConfined()) {
          MemorySegment bytes =
              arena.allocate(Math.max(1, tensor.sizeBytes())).asSlice(0, tensor.sizeBytes());
          NDArray values = changed.get(tensor.name());
          if (values == null) {
            checkpoint.read(tensor.name(), 0, bytes);
          } else {
            double[] elements = Parameters.values(values);
            TensorCodec.encode(tensor.dtype(), elements, bytes, 0, elements.length);
          }
          writer.write(tensor.name(), 0, bytes);
        }
      }
      writer.finish();
      for (String name : COMPANIONS) {
        Path source = base.location().folder().resolve(name);
        if (Files.exists(source)) {
          Files.copy(source, staged.path().resolve(name));
        }
      }
      staged.publish();
    }
  }

  /** Writes a head in F32. */
  static void writeHead(Path file, Map<String, NDArray> values) throws IOException {
    List<TensorSpec> tensors = new ArrayList<>();
    values.forEach((name, array) -> tensors.add(new TensorSpec(name, DType.F32, shape(array))));
    tensors.sort(java.util.Comparator.comparing(TensorSpec::name));
    Files.deleteIfExists(file);
    try (SafetensorsWriter writer = SafetensorsWriter.createFile(file, tensors);
        Arena arena = Arena.ofConfined()) {
      for (TensorSpec tensor : tensors) {
        double[] elements =
            Parameters.values(java.util.Objects.requireNonNull(values.get(tensor.name())));
        MemorySegment bytes = arena.allocate(tensor.sizeBytes());
        TensorCodec.encode(tensor.dtype(), elements, bytes, 0, elements.length);
        writer.write(tensor.name(), 0, bytes);
      }
      writer.finish();
    }
  }

  private static io.hfmerge.tensor.Shape shape(NDArray array) {
    Shape shape = array.getShape();
    return io.hfmerge.tensor.Shape.of(shape.getShape());
  }
}
