package io.hfmerge.cli.command;

import io.hfmerge.analysis.lora.AdapterReport;
import io.hfmerge.analysis.lora.LoraExtraction;
import io.hfmerge.analysis.spectral.RankChoice;
import io.hfmerge.cli.Version;
import io.hfmerge.cli.option.RankOptions;
import io.hfmerge.cli.option.StreamOption;
import io.hfmerge.cli.option.ThreadsOption;
import io.hfmerge.cli.output.ProgressLine;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.ModelLocation;
import io.hfmerge.hf.output.AdapterWriter;
import io.hfmerge.tensor.DType;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code hfmerge extract-lora}: a fine-tuned model as an adapter of its base. */
@Command(
    name = "extract-lora",
    description = {
      "Extracts a LoRA adapter from a fine-tuned model: the best approximation of each linear layer's",
      "change by the rank given, and everything else that changed as it is."
    })
public final class ExtractLoraCommand implements Callable<Integer> {

  @Spec @Nullable CommandSpec spec;

  @Option(
      names = "--base",
      required = true,
      paramLabel = "MODEL",
      description = "The model that the adapter will apply to.")
  private String base = "";

  @Option(
      names = "--model",
      required = true,
      paramLabel = "MODEL",
      description = "The fine-tuned model.")
  private String model = "";

  @Mixin private final RankOptions rank = new RankOptions();

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "OUT",
      description = "Folder to create.")
  private Path target = Path.of("");

  @Option(
      names = "--dtype",
      paramLabel = "DTYPE",
      description = "float32, bfloat16 or float16 for the factors (default: ${DEFAULT-VALUE}).")
  private String dtypeName = "float32";

  @Option(names = "--force", description = "Replace an existing adapter.")
  private boolean force;

  @Mixin private final ThreadsOption threads = new ThreadsOption();

  @Mixin private final StreamOption stream = new StreamOption();

  @Override
  public Integer call() throws Exception {
    int workers = threads.threads(); // refused before anything is opened
    DType dtype =
        DType.ofTorchName(dtypeName)
            .filter(type -> type == DType.F32 || type == DType.BF16 || type == DType.F16)
            .orElseThrow(() ->
                usage(
                    "--dtype: expected float32, bfloat16 or float16, found \"" + dtypeName + '"'));
    RankChoice choice = rank.choice().orElseThrow(() -> usage("Missing --rank=R or --energy=E"));
    AdapterReport report;
    try (ProgressLine progress = ProgressLine.create();
        HfModel old = stream.models(progress).openModel(base);
        HfModel tuned = stream.models(progress).openModel(model);
        AdapterWriter writer = AdapterWriter.create(target, force, inputs(old, tuned))) {
      report =
          LoraExtraction.write(
              old, tuned, choice, dtype, writer, workers, Version.number(), progress);
    }
    AdapterLines.print(report, Objects.requireNonNull(spec).commandLine().getOut());
    return 0;
  }

  private static List<ModelLocation> inputs(HfModel old, HfModel tuned) {
    return Stream.of(old, tuned).flatMap(input -> input.locations().stream()).toList();
  }

  private ParameterException usage(String message) {
    return new ParameterException(Objects.requireNonNull(spec).commandLine(), message);
  }
}
