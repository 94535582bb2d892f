package io.hfmerge.cli.option;

import io.hfmerge.hf.djl.block.InvalidInputException;
import io.hfmerge.hf.djl.model.LoadOptions;
import io.hfmerge.hf.djl.model.Task;
import java.io.IOException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** How a model that runs is loaded. */
public final class ModelOptions {

  enum Device {
    cpu,
    cuda
  }

  enum Precision {
    auto,
    f32,
    f16
  }

  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      description = "cpu or cuda (default: ${DEFAULT-VALUE}).")
  private Device device = Device.cpu;

  @Option(
      names = "--dtype",
      paramLabel = "TYPE",
      description =
          "f32, f16 (with cuda), or auto: f32, and with cuda f16 where the weights are F16"
              + " (default: ${DEFAULT-VALUE}).")
  private Precision precision = Precision.auto;

  @Option(
      names = "--head",
      paramLabel = "HEAD",
      description =
          "causal-lm, masked-lm, sequence-classification, token-classification,"
              + " image-classification or embedding (default: that of the config's class).")
  private @Nullable String head;

  /** The options for loading. */
  public LoadOptions loadOptions(CommandSpec spec) {
    LoadOptions options =
        (device == Device.cuda ? LoadOptions.gpu() : LoadOptions.cpu())
            .precision(LoadOptions.Precision.valueOf(precision.name().toUpperCase(Locale.ROOT)));
    if (head == null) {
      return options;
    }
    for (Task task : Task.values()) {
      if (task.name().toLowerCase(Locale.ROOT).replace('_', '-').equals(head)) {
        return options.task(task);
      }
    }
    throw new ParameterException(
        spec.commandLine(), "--head: expected one of the names that --help lists, found " + head);
  }

  /** Work whose inputs the user has chosen. */
  @FunctionalInterface
  public interface Work<T> {
    T run() throws IOException;
  }

  /** Does work, and reports inputs that do not fit the model as wrong arguments. */
  public <T> T checked(CommandSpec spec, Work<T> work) throws IOException {
    try {
      return work.run();
    } catch (InvalidInputException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }
}
