package io.hfmerge.hf.djl.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.hf.djl.DjlTensors;
import io.hfmerge.hf.djl.block.TransformerBlock.Wanted;
import io.hfmerge.hf.djl.block.TransformerInputs;
import io.hfmerge.hf.djl.block.TransformerOutputs;
import io.hfmerge.hf.safetensors.SafetensorsCheckpoint;
import io.hfmerge.hf.safetensors.SafetensorsWriter;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Runs a model on inputs from one safetensors file and writes what comes out to another. */
public final class ForwardFiles {

  /** Name of the mean negative log-likelihood of tokens, F32 {@code [1]}. */
  public static final String MEAN_LOSS = "mean_nll";

  private static final List<String> INPUTS =
      List.of(
          TransformerInputs.IDS,
          TransformerInputs.MASK,
          TransformerInputs.TYPES,
          TransformerInputs.POSITIONS,
          TransformerInputs.PIXELS);

  private ForwardFiles() {}

  /**
   * What was read and written.
   *
   * @param inputs names of the tensors that the model took
   * @param ignored names of the file's other tensors
   * @param outputs the tensors written
   */
  public record Summary(List<String> inputs, List<String> ignored, List<TensorSpec> outputs) {

    public Summary {
      inputs = List.copyOf(inputs);
      ignored = List.copyOf(ignored);
      outputs = List.copyOf(outputs);
    }
  }

  /**
   * Runs a model once.
   *
   * @param inputs {@code input_ids} ({@code [B, T]}, I64), perhaps {@code attention_mask}, {@code
   *     token_type_ids} and {@code position_ids} of that shape, or {@code pixel_values} ({@code [B,
   *     C, S, S]}, F32)
   * @param output gets {@code hidden_first} (text), {@code last_hidden_state}, {@code
   *     pooler_output} and {@code logits} where the model has them, and of causal models {@code
   *     mean_nll} over the tokens that the mask shows; replaced if it exists
   * @throws MalformedCheckpointException if the file has none of the inputs
   * @throws io.hfmerge.hf.djl.block.InvalidInputException if ids or shapes do not fit the model
   * @throws IOException if reading or writing fails
   */
  public static Summary run(TransformerModel model, Path inputs, Path output) throws IOException {
    try (Checkpoint file = SafetensorsCheckpoint.openFile(inputs.toString(), inputs);
        NDManager manager = model.newManager()) {
      List<String> all = file.tensors().stream().map(TensorSpec::name).toList();
      List<String> names = all.stream().filter(INPUTS::contains).toList();
      if (!names.contains(TransformerInputs.IDS) && !names.contains(TransformerInputs.PIXELS)) {
        throw new MalformedCheckpointException(
            "%s: expected a tensor \"%s\" or \"%s\", found %d others%s"
                .formatted(
                    inputs,
                    TransformerInputs.IDS,
                    TransformerInputs.PIXELS,
                    all.size(),
                    all.isEmpty() ? "" : ", the first \"" + all.getFirst() + '"'));
      }
      try (DjlTensors arrays = DjlTensors.load(file, manager, names, DjlTensors.Option.COPY)) {
        TransformerInputs given = TransformerInputs.of(arrays.list());
        TransformerOutputs outputs = model.run(given, Wanted.EVERYTHING);
        NDList results = new NDList();
        for (NDArray array : outputs.list()) {
          boolean image = names.contains(TransformerInputs.PIXELS);
          if (!image || !TransformerOutputs.FIRST_HIDDEN.equals(array.getName())) {
            results.add(array);
          }
        }
        if (model.task() == Task.CAUSAL_LM && given.content().getShape().get(1) > 1) {
          NDArray mean = manager.create(new float[] {(float) meanLoss(given, outputs)});
          mean.setName(MEAN_LOSS);
          results.add(mean);
        }
        List<TensorSpec> written = write(results, output);
        List<String> ignored = all.stream().filter(name -> !names.contains(name)).toList();
        return new Summary(names, ignored, written);
      }
    }
  }

  private static double meanLoss(TransformerInputs given, TransformerOutputs outputs) {
    NDArray logits = outputs.logits();
    NDArray losses = TokenLosses.next(Objects.requireNonNull(logits), given.content());
    NDArray mask = given.mask();
    long tokens = given.content().getShape().get(1);
    return TokenLosses.mean(
        losses, mask == null ? null : mask.get(new NDIndex().addAllDim().addSliceDim(1, tokens)));
  }

  /** Written beside its place and renamed, so that it appears whole or not at all. */
  private static List<TensorSpec> write(NDList arrays, Path output) throws IOException {
    Map<TensorSpec, NDArray> tensors = new LinkedHashMap<>();
    for (NDArray array : arrays) {
      Shape shape =
          Shape.of(Arrays.copyOf(array.getShape().getShape(), array.getShape().dimension()));
      tensors.put(new TensorSpec(array.getName(), DType.F32, shape), array);
    }
    List<TensorSpec> specs = List.copyOf(tensors.keySet());
    Path target = output.toAbsolutePath();
    Path parent = Objects.requireNonNull(target.getParent(), "an absolute path of a file has one");
    if (!Files.isDirectory(parent)) {
      throw new NoSuchFileException(parent.toString());
    }
    Path folder = Files.createTempDirectory(parent, ".hfmerge-forward");
    try {
      try (SafetensorsWriter writer = SafetensorsWriter.create(folder, specs, Long.MAX_VALUE)) {
        for (Map.Entry<TensorSpec, NDArray> entry : tensors.entrySet()) {
          try (NDArray values = entry.getValue().toType(DataType.FLOAT32, true)) {
            MemorySegment bytes = MemorySegment.ofBuffer(values.toByteBuffer());
            writer.write(entry.getKey().name(), 0, bytes);
          }
        }
        writer.finish();
      }
      String name = SafetensorsWriter.fileNames(specs, Long.MAX_VALUE).iterator().next();
      Files.move(folder.resolve(name), target, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      try (var left = Files.list(folder)) {
        for (Path file : left.toList()) {
          Files.delete(file);
        }
      }
      Files.delete(folder);
    }
    return specs;
  }
}
