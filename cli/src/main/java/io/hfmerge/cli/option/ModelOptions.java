package io.hfmerge.cli.option;

import io.hfmerge.hf.djl.model.LoadOptions;
import io.hfmerge.hf.djl.model.Task;
import java.io.IOException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** How a model that runs is loaded. */
public final class ModelOptions {

  @Mixin private final DeviceOptions device = new DeviceOptions();

  @Option(
      names = "--head",
      paramLabel = "HEAD",
      description =
          "causal-lm, masked-lm, sequence-classification, token-classification,"
              + " image-classification or embedding (default: that of the config's class).")
  private @Nullable String head;

  /** The options for loading. */
  public LoadOptions loadOptions(CommandSpec spec) {
    LoadOptions options = device.loadOptions();
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

  /** See {@link DeviceOptions#checked}. */
  public <T> T checked(CommandSpec spec, DeviceOptions.Work<T> work) throws IOException {
    return device.checked(spec, work);
  }
}
