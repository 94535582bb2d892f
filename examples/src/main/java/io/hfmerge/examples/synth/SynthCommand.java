package io.hfmerge.examples.synth;

import io.hfmerge.cli.output.ProgressLine;
import io.hfmerge.cli.output.Terminal;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.json.PythonJson;
import io.hfmerge.hf.output.StagedFolder;
import io.hfmerge.hf.safetensors.SafetensorsWriter;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.CheckpointWriter;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorCodec;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code hfmerge synth}: a checkpoint of random weights, or a perturbed copy of one. */
@Command(name = "synth", description = "Writes a synthetic checkpoint, for benchmarks and trials.")
public final class SynthCommand implements Callable<Integer> {

  /** Elements made and written at a time. */
  private static final int BLOCK_ELEMENTS = 1 << 18;

  /** Standard deviation of the weights, the initialiser range of GPT-2 and BERT. */
  private static final double WEIGHT_DEVIATION = 0.02;

  /** Standard deviation of a fine-tune's change: a twentieth of the weights'. */
  private static final double CHANGE_DEVIATION = 0.001;

  @Spec @Nullable CommandSpec spec;

  @Parameters(paramLabel = "OUT", description = "Folder to create.")
  private Path target = Path.of("");

  @ArgGroup(multiplicity = "1")
  private Origin origin = new Origin();

  /** Where the checkpoint comes from. */
  static final class Origin {
    @Option(
        names = "--like",
        required = true,
        paramLabel = "NAME",
        description = "Geometry: gpt2, gpt2-large, tinyllama-1.1b, gpt-j-6b.")
    @Nullable String like;

    @Option(
        names = "--finetune-of",
        required = true,
        paramLabel = "MODEL",
        description = "A copy of this model with every float weight changed a little.")
    @Nullable String finetuneOf;
  }

  @Option(
      names = "--dtype",
      paramLabel = "DTYPE",
      description = "f32, bf16, f16 or f64 (default: ${DEFAULT-VALUE}; ignored by --finetune-of).")
  private String dtypeName = "f32";

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Another seed, other weights (default: ${DEFAULT-VALUE}).")
  private long seed = 1;

  @Option(names = "--force", description = "Replace an existing model folder.")
  private boolean force;

  /** Values of consecutive elements of a tensor. */
  private interface Values {
    void fill(TensorSpec tensor, long first, double[] values, int length) throws IOException;
  }

  @Override
  public Integer call() throws Exception {
    if (origin.finetuneOf != null) {
      try (HfModel base = HfModels.open(origin.finetuneOf)) {
        Path config = base.location().folder().resolve("config.json");
        write(
            base.checkpoint().tensors(),
            Files.exists(config) ? Optional.of(Files.readString(config)) : Optional.empty(),
            changed(base.checkpoint()));
      }
    } else {
      Geometry geometry = geometry();
      DType dtype = dtype();
      Map<String, Object> config = new LinkedHashMap<>(geometry.config());
      config.put("torch_dtype", dtype.torchName());
      write(geometry.specs(dtype), Optional.of(PythonJson.write(config)), this::weights);
    }
    return 0;
  }

  private Geometry geometry() {
    String name = Objects.requireNonNull(origin.like);
    return Geometry.find(name)
        .orElseThrow(() ->
            usage(
                "--like: expected one of %s, found \"%s\""
                    .formatted(Geometry.all().stream().map(Geometry::name).toList(), name)));
  }

  private DType dtype() {
    return DType.ofSafetensorsName(dtypeName.toUpperCase(Locale.ROOT))
        .or(() -> DType.ofTorchName(dtypeName))
        .filter(DType::isFloat)
        .orElseThrow(
            () -> usage("--dtype: expected f32, bf16, f16 or f64, found \"" + dtypeName + '"'));
  }

  private CommandLine.ParameterException usage(String message) {
    return new CommandLine.ParameterException(Objects.requireNonNull(spec).commandLine(), message);
  }

  /** Norm weights 1, biases 0, everything else random, as freshly initialised. */
  private void weights(TensorSpec tensor, long first, double[] values, int length) {
    Noise noise = new Noise(seed, tensor.name());
    boolean vector = tensor.shape().rank() == 1;
    for (int i = 0; i < length; i++) {
      values[i] =
          vector
              ? (tensor.name().endsWith(".bias") ? 0 : 1)
              : WEIGHT_DEVIATION * noise.at(first + i);
    }
  }

  private Values changed(Checkpoint base) {
    return (tensor, first, values, length) -> {
      Noise noise = new Noise(seed, tensor.name());
      int bytes = tensor.dtype().bytes();
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment stored = arena.allocate((long) length * bytes);
        base.read(tensor.name(), first * bytes, stored);
        TensorCodec.decode(tensor.dtype(), stored, 0, values, length);
      }
      for (int i = 0; i < length; i++) {
        values[i] += CHANGE_DEVIATION * noise.at(first + i);
      }
    };
  }

  private void write(List<TensorSpec> tensors, Optional<String> config, Values values)
      throws Exception {
    long total = tensors.stream().mapToLong(TensorSpec::sizeBytes).sum();
    try (StagedFolder staged = StagedFolder.create(target, force);
        SafetensorsWriter writer =
            SafetensorsWriter.create(
                staged.path(), tensors, SafetensorsWriter.DEFAULT_MAX_SHARD_BYTES);
        ProgressLine progress = ProgressLine.create();
        ExecutorService workers =
            Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors())) {
      progress.started("synth", total);
      List<Future<?>> pending =
          tensors.stream()
              .<Future<?>>map(tensor ->
                  workers.submit(() -> {
                    writeTensor(tensor, values, writer, progress);
                    return null;
                  }))
              .toList();
      for (Future<?> tensor : pending) {
        await(tensor, workers);
      }
      writer.finish();
      if (config.isPresent()) {
        Files.writeString(staged.path().resolve("config.json"), config.get());
      }
      staged.publish();
      progress.finished();
    }
    Objects.requireNonNull(spec)
        .commandLine()
        .getOut()
        .printf("%s: %d tensors, %s%n", target, tensors.size(), Terminal.size(total));
  }

  private static void await(Future<?> tensor, ExecutorService workers) throws Exception {
    try {
      tensor.get();
    } catch (ExecutionException e) {
      workers.shutdownNow();
      throw e.getCause() instanceof Exception cause ? cause : e;
    }
  }

  private static void writeTensor(
      TensorSpec tensor, Values values, CheckpointWriter writer, ProgressLine progress)
      throws IOException {
    if (!tensor.dtype().isFloat()) {
      throw new io.hfmerge.error.UnsupportedFeatureException(
          "tensor \"" + tensor.name() + "\": expected float weights, found " + tensor.describe());
    }
    double[] block = new double[(int) Math.min(BLOCK_ELEMENTS, Math.max(1, tensor.elements()))];
    int bytes = tensor.dtype().bytes();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment encoded = arena.allocate((long) block.length * bytes);
      for (long first = 0; first < tensor.elements(); first += block.length) {
        int length = (int) Math.min(block.length, tensor.elements() - first);
        values.fill(tensor, first, block, length);
        TensorCodec.encode(tensor.dtype(), block, encoded, 0, length);
        writer.write(tensor.name(), first * bytes, encoded.asSlice(0, (long) length * bytes));
        progress.advanced((long) length * bytes);
      }
    }
  }
}
