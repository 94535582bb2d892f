package io.hfmerge.cli.command;

import io.hfmerge.cli.option.FloatDType;
import io.hfmerge.cli.option.FolderOptions;
import io.hfmerge.cli.output.ProgressLine;
import io.hfmerge.cli.output.Terminal;
import io.hfmerge.hf.output.ConversionSettings;
import io.hfmerge.hf.output.ModelConverter;
import io.hfmerge.hf.output.WeightFormat;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code hfmerge convert}: a model as safetensors, or as PyTorch's files. */
@Command(
    name = "convert",
    description = "Writes a model as a folder of safetensors, or of PyTorch's files.")
public final class ConvertCommand implements Callable<Integer> {

  enum Format {
    safetensors,
    torch
  }

  @Spec @Nullable CommandSpec spec;

  @Parameters(
      index = "0",
      paramLabel = "MODEL",
      description =
          "A folder, a .safetensors or .bin file, sample:NAME, OWNER/NAME[@REVISION][:FOLDER] on the"
              + " Hugging Face Hub, or BASE+ADAPTER.")
  private String reference = "";

  @Parameters(index = "1", paramLabel = "OUT", description = "Folder to create.")
  private Path target = Path.of("");

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "safetensors or torch (default: ${DEFAULT-VALUE}).")
  private Format format = Format.safetensors;

  @Option(
      names = "--dtype",
      paramLabel = "DTYPE",
      converter = FloatDType.Converter.class,
      description =
          "float32, bfloat16, float16 or float64, for all float tensors but buffers (default: as"
              + " they are stored).")
  private @Nullable FloatDType dtype;

  @Mixin private final FolderOptions options = new FolderOptions();

  @Override
  public Integer call() throws Exception {
    ConversionSettings settings =
        new ConversionSettings(
            options.settings(spec),
            WeightFormat.valueOf(format.name().toUpperCase(Locale.ROOT)),
            Optional.ofNullable(dtype).map(FloatDType::value));
    PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
    List<String> lines;
    try (ProgressLine progress = ProgressLine.create()) {
      ModelConverter converter = new ModelConverter(options.models(progress));
      lines =
          options.dryRun()
              ? converter.describePlan(reference, settings)
              : converter.convert(reference, target, settings, progress).lines();
    }
    lines.stream().map(Terminal::printable).forEach(out::println);
    out.flush();
    return 0;
  }
}
