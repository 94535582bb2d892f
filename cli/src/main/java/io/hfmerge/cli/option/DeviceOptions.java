package io.hfmerge.cli.option;

import io.hfmerge.hf.djl.block.InvalidInputException;
import io.hfmerge.hf.djl.model.LoadOptions;
import java.io.IOException;
import java.util.Locale;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Where and in which type a model runs. */
public final class DeviceOptions {

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

  /** The options for loading, with the head of the config's class. */
  public LoadOptions loadOptions() {
    return (device == Device.cuda ? LoadOptions.gpu() : LoadOptions.cpu())
        .precision(LoadOptions.Precision.valueOf(precision.name().toUpperCase(Locale.ROOT)));
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
