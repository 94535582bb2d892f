package io.hfmerge.cli.command;

import io.hfmerge.cli.output.ProgressLine;
import io.hfmerge.cli.output.Terminal;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.OpenOptions;
import java.io.IOException;
import java.io.PrintWriter;
import picocli.CommandLine.Model.CommandSpec;

/** Opens models to run them. */
final class RunnableModels {

  private RunnableModels() {}

  /** Opens a model; a download, and what there is to say of the model, go to standard error. */
  static HfModel open(String reference, CommandSpec command) throws IOException {
    PrintWriter err = command.commandLine().getErr();
    HfModel model;
    try (ProgressLine progress = ProgressLine.create(err)) {
      model = HfModels.open(reference, OpenOptions.DEFAULT.withListener(progress));
    }
    model.notes().stream().map(Terminal::printable).forEach(err::println);
    err.flush();
    return model;
  }
}
