package io.hfmerge.cli.option;

import io.hfmerge.hf.djl.eval.EvalTask;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** By what models are measured, for commands that cannot do without. */
public final class EvalTaskOption {

  @Option(
      names = "--eval",
      paramLabel = "TASK",
      required = true,
      description =
          "A YAML file: text: FILE, data: FILE or images: DIR, perhaps metric (default: loss),"
              + " window, stride, mask_share, head, train_share, seed.")
  private Path file = Path.of("");

  /** Reads the task; see {@link DeviceOptions#checked}. */
  public EvalTask read(CommandSpec command, DeviceOptions device) throws IOException {
    return device.checked(command, () -> EvalTask.read(file));
  }
}
