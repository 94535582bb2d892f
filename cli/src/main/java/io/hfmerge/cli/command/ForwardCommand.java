package io.hfmerge.cli.command;

import io.hfmerge.cli.option.ModelOptions;
import io.hfmerge.cli.output.Terminal;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.djl.model.ForwardFiles;
import io.hfmerge.hf.djl.model.TransformerModel;
import io.hfmerge.tensor.TensorSpec;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code hfmerge forward}: a model run once on given tensors. */
@Command(
    name = "forward",
    description = {
      "Runs a model on input_ids (with attention_mask, token_type_ids, position_ids if given) or"
          + " pixel_values, and writes last_hidden_state, logits and what else the model gives,"
          + " under transformers' names."
    })
public final class ForwardCommand implements Callable<Integer> {

  @Spec @Nullable CommandSpec spec;

  @Parameters(
      paramLabel = "MODEL",
      description = "A folder, a .safetensors file, sample:NAME, or BASE+ADAPTER.")
  private String reference = "";

  @Option(
      names = "--inputs",
      paramLabel = "FILE",
      required = true,
      description = "A safetensors file with the inputs.")
  private Path inputs = Path.of("");

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      required = true,
      description = "The safetensors file to write; replaced if it exists.")
  private Path output = Path.of("");

  @Mixin private final ModelOptions options = new ModelOptions();

  @Override
  public Integer call() throws Exception {
    CommandSpec command = Objects.requireNonNull(spec);
    PrintWriter out = command.commandLine().getOut();
    try (HfModel files = RunnableModels.open(reference, command);
        TransformerModel model = TransformerModel.load(files, options.loadOptions(command))) {
      ForwardFiles.Summary summary =
          options.checked(command, () -> ForwardFiles.run(model, inputs, output));
      out.println(Terminal.printable("read " + String.join(", ", summary.inputs())));
      if (!summary.ignored().isEmpty()) {
        out.println(Terminal.printable("not read: " + String.join(", ", summary.ignored())));
      }
      for (TensorSpec tensor : summary.outputs()) {
        out.println(Terminal.printable("wrote " + tensor.name() + " " + tensor.describe()));
      }
      out.flush();
      return 0;
    }
  }
}
